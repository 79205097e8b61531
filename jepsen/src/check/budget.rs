//! How much a check may spend. Past it, the verdict is `unknown`, never a pass.

use std::sync::Arc;
use std::time::Duration;

/// Time since some fixed start. Given by the caller: this crate reads no clock.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Steps between two looks at the clock.
const STEPS_PER_LOOK: u64 = 1_024;

/// Steps that a side task may take however soon the verdict was found.
const SIDE_TASK_STEPS_MIN: u64 = 200_000;
/// Steps of a side task for one of the verdict.
const SIDE_TASK_FACTOR: u64 = 2;

/// The bounds of a check.
#[derive(Clone)]
pub struct Limits {
    /// Model steps; the only bound of time that is the same in every run.
    pub steps_max: u64,
    /// Bytes for what a search remembers.
    pub memory_bytes_max: u64,
    /// Time, if a clock is given.
    pub time_max: Option<(Clock, Duration)>,
    /// Whether what is wrong is explained, too.
    pub explanations: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            steps_max: 2_000_000_000,
            memory_bytes_max: 2 << 30,
            time_max: None,
            explanations: true,
        }
    }
}

/// What is left of the limits.
pub(crate) struct Budget {
    limits: Limits,
    started: Option<Duration>,
    steps: u64,
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exhausted {
    Steps,
    Memory,
    Time,
}

impl Exhausted {
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Exhausted::Steps => "the search reached its bound of steps",
            Exhausted::Memory => "the search reached its bound of memory",
            Exhausted::Time => "the search reached its bound of time",
        }
    }
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Budget {
        let started = limits.time_max.as_ref().map(|(clock, _)| clock());
        Budget { limits: limits.clone(), started, steps: 0 }
    }

    pub(crate) fn explains(&self) -> bool {
        self.limits.explanations
    }

    /// A budget for an attempt of so many steps; to be [settled](Budget::settle).
    pub(crate) fn attempt(&self, steps_max: u64) -> Budget {
        let mut attempt = self.part(1);
        attempt.limits.steps_max = attempt.limits.steps_max.min(steps_max);
        attempt
    }

    /// Takes what an attempt has spent.
    pub(crate) fn settle(&mut self, attempt: &Budget) {
        self.steps += attempt.steps;
    }

    /// A budget of one part in so many of what is left.
    pub(crate) fn part(&self, parts_count: u32) -> Budget {
        let mut limits = self.limits.clone();
        limits.steps_max = limits.steps_max.saturating_sub(self.steps) / u64::from(parts_count);
        if let (Some((clock, time_max)), Some(started)) = (&self.limits.time_max, self.started) {
            let left = time_max.saturating_sub(clock().saturating_sub(started));
            limits.time_max = Some((Arc::clone(clock), left / parts_count));
        }
        Budget::new(&limits)
    }

    /// A budget for a side task: a tenth of what is left, and no more than a few times what
    /// was spent on the verdict itself.
    pub(crate) fn for_side_task(&self) -> Budget {
        let mut limits = self.limits.clone();
        let steps_left = limits.steps_max - self.steps.min(limits.steps_max);
        let enough = SIDE_TASK_STEPS_MIN.max(self.steps.saturating_mul(SIDE_TASK_FACTOR));
        limits.steps_max = (steps_left / 10).min(enough);
        if let (Some((clock, time_max)), Some(started)) = (&self.limits.time_max, self.started) {
            let left = time_max.saturating_sub(clock().saturating_sub(started));
            limits.time_max = Some((Arc::clone(clock), left / 10));
        }
        Budget::new(&limits)
    }

    /// Counts one step of a model.
    pub(crate) fn spend(&mut self, memory_bytes: u64) -> Result<(), Exhausted> {
        self.steps += 1;
        if self.steps > self.limits.steps_max {
            return Err(Exhausted::Steps);
        }
        if memory_bytes > self.limits.memory_bytes_max {
            return Err(Exhausted::Memory);
        }
        if self.steps.is_multiple_of(STEPS_PER_LOOK) && self.time_is_up() {
            return Err(Exhausted::Time);
        }
        Ok(())
    }

    fn time_is_up(&self) -> bool {
        match (&self.limits.time_max, self.started) {
            (Some((clock, time_max)), Some(started)) => {
                clock().saturating_sub(started) >= *time_max
            }
            _ => false,
        }
    }
}
