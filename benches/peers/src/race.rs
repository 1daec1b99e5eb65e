//! Contenders that do the same, measured in turns.
//!
//! The machine is never quiet. So all contenders of a case run in the same second, a batch each, round
//! after round, and what is compared is the rounds: a ratio is the median of the ratios within each
//! round. Batches are short, so that most rounds are disturbed as a whole or not at all.

use std::hint::black_box;
use std::time::Duration;
use std::time::Instant;

use crate::results::Case;
use crate::results::Entry;
use crate::results::Spread;

/// How long and how often is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// What each contender of a case gets.
    pub(crate) time: Duration,
    /// What a batch takes of a contender who does it more than once in that time.
    pub(crate) batch: Duration,
}

impl Pace {
    /// With long batches, for contenders who leave nothing of each other's in the caches, and whose
    /// CPU time counts.
    pub(crate) fn steady(self) -> Self {
        Self { time: self.time * 4, batch: Duration::from_millis(30) }
    }

    /// Whether it is more important to be done soon.
    pub(crate) fn is_quick(self) -> bool {
        self.time < Self::FULL.time
    }

    pub(crate) const FULL: Self = Self { time: Duration::from_millis(1500), batch: BATCH };
    pub(crate) const QUICK: Self = Self { time: Duration::from_millis(200), batch: BATCH };
}

/// Shorter than the time that a scheduler gives to others at once.
const BATCH: Duration = Duration::from_micros(150);

/// Rounds of a case, where one alone takes longer than all of them should.
const FEWEST_ROUNDS: u32 = 11;

/// What a batch has cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// Of all processes that took part, where it is that what counts.
    pub(crate) cpu: Option<Duration>,
}

impl From<Duration> for Cost {
    fn from(wall: Duration) -> Self {
        Self { wall, cpu: None }
    }
}

/// Somebody who does what the case is about.
pub(crate) struct Contender<'a> {
    name: &'static str,
    /// Does it so many times, and says what that has cost.
    run: Box<dyn FnMut(u32) -> Cost + 'a>,
}

impl<'a> Contender<'a> {
    /// Does it with each call of `step`.
    pub(crate) fn new<O>(name: &'static str, mut step: impl FnMut() -> O + 'a) -> Self {
        let run = move |times| {
            let start = Instant::now();
            for _ in 0..times {
                drop(black_box(step()));
            }
            start.elapsed().into()
        };
        Self { name, run: Box::new(run) }
    }

    /// Measures itself.
    pub(crate) fn timed<C: Into<Cost>>(
        name: &'static str,
        mut run: impl FnMut(u32) -> C + 'a,
    ) -> Self {
        Self { name, run: Box::new(move |times| run(times).into()) }
    }

    /// Uses up an input with each call of `step`. Making the inputs is not measured, and neither is
    /// dropping what comes out.
    pub(crate) fn with_inputs<I, O>(
        name: &'static str,
        mut input: impl FnMut() -> I + 'a,
        mut step: impl FnMut(I) -> O + 'a,
    ) -> Self {
        let run = move |times| {
            let inputs: Vec<I> = (0..times).map(|_| input()).collect();
            let mut outputs = Vec::with_capacity(inputs.len());
            let start = Instant::now();
            for input in inputs {
                outputs.push(black_box(step(black_box(input))));
            }
            let elapsed = start.elapsed();
            drop(outputs);
            elapsed.into()
        };
        Self { name, run: Box::new(run) }
    }
}

/// Runs the contenders of a case in turns. Ratios are to the first, of CPU time where that was
/// measured.
pub(crate) fn race(
    pace: Pace,
    label: impl Into<String>,
    x: Option<f64>,
    mut contenders: Vec<Contender<'_>>,
) -> Case {
    let rounds = long_enough(pace, &mut contenders);
    case(label.into(), x, &contenders, &rounds)
}

/// As [`race`], and what each took beyond the last one in the same round, in nanoseconds: negative
/// where it took less.
pub(crate) fn race_beyond_last(
    pace: Pace,
    label: impl Into<String>,
    x: Option<f64>,
    mut contenders: Vec<Contender<'_>>,
) -> (Case, Vec<Spread>) {
    let rounds = long_enough(pace, &mut contenders);
    let last = rounds.last().expect("a contender");
    let beyond = |one: &Vec<OneRound>| {
        let pairs = one.iter().zip(last);
        Spread::of(pairs.map(|(one, last)| one.counted_ns() - last.counted_ns()).collect())
    };
    let beyond = rounds.iter().map(beyond).collect();
    (case(label.into(), x, &contenders, &rounds), beyond)
}

/// The same as [`race`] with so many rounds of batches of so many times, for contenders whose batches
/// are long.
pub(crate) fn race_of(
    [rounds, times]: [u32; 2],
    label: impl Into<String>,
    x: Option<f64>,
    mut contenders: Vec<Contender<'_>>,
) -> Case {
    let times = vec![times; contenders.len()];
    let rounds = in_turns(&mut contenders, &times, |done| done >= rounds);
    case(label.into(), x, &contenders, &rounds)
}

/// As many rounds as there is time for.
fn long_enough(pace: Pace, contenders: &mut [Contender<'_>]) -> Vec<Vec<OneRound>> {
    let times: Vec<u32> = contenders.iter_mut().map(|one| batch_of(one, pace.batch)).collect();
    let most = pace.time * u32::try_from(contenders.len()).unwrap_or(1);
    let start = Instant::now();
    let is_enough = |rounds| rounds >= FEWEST_ROUNDS && start.elapsed() > most;
    in_turns(contenders, &times, is_enough)
}

/// The rounds of each contender.
fn in_turns(
    contenders: &mut [Contender<'_>],
    times: &[u32],
    is_enough: impl Fn(u32) -> bool,
) -> Vec<Vec<OneRound>> {
    let mut rounds: Vec<Vec<OneRound>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in (0..).take_while(|round| !is_enough(*round)) {
        // Nobody always runs behind the same one.
        for turn in 0..contenders.len() {
            let place = (round as usize + turn) % contenders.len();
            let cost = (contenders[place].run)(times[place]);
            rounds[place].push(OneRound::of(cost, times[place]));
        }
    }
    rounds
}

fn case(
    label: String,
    x: Option<f64>,
    contenders: &[Contender<'_>],
    rounds: &[Vec<OneRound>],
) -> Case {
    let ratios = |place: usize| {
        let pairs = rounds[place].iter().zip(&rounds[0]);
        pairs.map(|(one, base)| one.counted_ns() / base.counted_ns()).collect()
    };
    let entries = contenders.iter().enumerate().map(|(place, contender)| Entry {
        name: contender.name.to_owned(),
        time_ns: Spread::of(rounds[place].iter().map(|round| round.wall_ns).collect()),
        ratio: Spread::of(ratios(place)),
        cpu_ns: rounds[place]
            .iter()
            .map(|round| round.cpu_ns)
            .collect::<Option<Vec<_>>>()
            .map(|times| Spread::of(times).median),
    });
    Case { label, x, entries: entries.collect() }
}

/// What once has cost, in the mean of a batch.
struct OneRound {
    wall_ns: f64,
    cpu_ns: Option<f64>,
}

impl OneRound {
    fn of(cost: Cost, times: u32) -> Self {
        let once = |time: Duration| time.as_secs_f64() * 1e9 / f64::from(times);
        Self { wall_ns: once(cost.wall), cpu_ns: cost.cpu.map(once) }
    }

    fn counted_ns(&self) -> f64 {
        self.cpu_ns.unwrap_or(self.wall_ns)
    }
}

/// How many times a contender does it in a batch.
fn batch_of(contender: &mut Contender<'_>, batch: Duration) -> u32 {
    let mut times = 1;
    loop {
        // The shortest of some: one that was interrupted says nothing.
        let attempts = (0..3).map(|_| (contender.run)(times).wall);
        let elapsed = attempts.min().unwrap_or(batch);
        if elapsed * 2 >= batch {
            let more = batch.as_secs_f64() / elapsed.as_secs_f64();
            return ((f64::from(times) * more) as u32).max(1);
        }
        times *= 2;
    }
}
