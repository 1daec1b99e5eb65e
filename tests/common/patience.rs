//! Waiting for other processes, which take as long as they take.

use std::time::Duration;
use std::time::Instant;

/// Longer than anything takes on a slow machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(240);

/// Asks again and again until there is an answer; fails with `what` was waited for if none comes.
pub(crate) fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, ask).unwrap_or_else(|| panic!("waited {PATIENCE:?} for {what}"))
}

/// Asks again and again until the answer is yes, and returns the last answer: `Err` if nobody has
/// patience any more.
pub(crate) fn until_ok<T, E>(mut ask: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let mut last = None;
    let answer = within(PATIENCE, || match ask() {
        Ok(answer) => Some(answer),
        Err(error) => {
            last = Some(error);
            None
        }
    });
    answer.ok_or_else(|| last.unwrap())
}

fn within<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        let is_late = Instant::now() > deadline;
        let answer = ask();
        if answer.is_some() || is_late {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
