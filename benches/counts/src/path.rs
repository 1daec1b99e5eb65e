//! One path: what is run, and how often.

use crate::allocations;

/// Runs before the count, in which caches fill and vectors grow.
const WARM_UP: u32 = 3;

/// A path whose costs are counted.
pub(crate) struct Path {
    name: String,
    times: u32,
    step: Box<dyn FnMut()>,
}

impl Path {
    /// A path of which every step costs the same. It is run a few times, then counted `times` times.
    pub(crate) fn new(name: impl Into<String>, times: u32, step: impl FnMut() + 'static) -> Self {
        Self { name: name.into(), times, step: Box::new(step) }
    }

    /// A path that uses up its input: all inputs are made before.
    pub(crate) fn with_inputs<I: 'static, O>(
        name: impl Into<String>,
        times: u32,
        input: impl FnMut() -> I,
        mut step: impl FnMut(I) -> O + 'static,
    ) -> Self {
        let count = usize::try_from(WARM_UP + times).expect("a small number");
        let mut inputs: Vec<I> = std::iter::repeat_with(input).take(count).collect();
        Self::new(name, times, move || {
            let input = inputs.pop().expect("an input for each step");
            drop(std::hint::black_box(step(std::hint::black_box(input))));
        })
    }

    /// Runs it and prints what it has allocated.
    pub(crate) fn count(mut self) {
        for _ in 0..WARM_UP {
            (self.step)();
        }
        let allocations = allocations::during(|| count_this(self.times, &mut *self.step));
        println!("counted {} {} {allocations}", self.name, self.times);
    }
}

/// What is called from here is counted: callgrind knows the function by its name.
#[inline(never)]
fn count_this(times: u32, step: &mut dyn FnMut()) {
    for _ in 0..times {
        step();
    }
}
