//! Runs a step once for each way that what is not known yet may turn out.

/// The choices of one run, and which come next.
#[derive(Debug, Default)]
pub(super) struct Chooser {
    /// What was taken, of how many.
    choices: Vec<(usize, usize)>,
    depth: usize,
}

impl Chooser {
    /// One of `count` ways, a different one in each run.
    pub(super) fn choose(&mut self, count: usize) -> usize {
        assert!(count > 0, "there is a way to choose");
        if self.depth == self.choices.len() {
            self.choices.push((0, count));
        }
        self.depth += 1;
        self.choices[self.depth - 1].0
    }

    /// Prepares the next run; false if all ways were taken.
    pub(super) fn advance(&mut self) -> bool {
        self.depth = 0;
        while let Some((taken, count)) = self.choices.pop() {
            if taken + 1 < count {
                self.choices.push((taken + 1, count));
                return true;
            }
        }
        false
    }
}
