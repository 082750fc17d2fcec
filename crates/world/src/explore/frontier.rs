//! The states whose successors have not been looked at yet.

use super::Model;

/// A way from the start: the place of each step among those that were possible.
pub type Path = Vec<u16>;

/// States of a frontier: one that is kept, or several that are spilled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<State> {
    /// A state and the way to it.
    Kept(Path, Box<State>),
    /// The way to a state, and which of its successors are meant. They are made again from the start when their
    /// turn comes: that takes time for memory.
    Spilled(Path, Vec<u16>),
}

impl<State: Clone> Entry<State> {
    /// How many states it stands for.
    #[must_use]
    pub fn states(&self) -> usize {
        match self {
            Self::Kept(..) => 1,
            Self::Spilled(_, successors) => successors.len(),
        }
    }

    /// Hands over each state that it stands for, with the way to it.
    pub fn states_of<M: Model<State = State>>(self, model: &M, mut take: impl FnMut(Path, State)) {
        match self {
            Self::Kept(path, state) => take(path, *state),
            Self::Spilled(path, successors) => {
                // Both the way and the steps were possible when it was spilled, and nothing has changed since.
                let Some(parent) = follow(model, &path) else { return };
                let steps = model.steps(&parent);
                for place in successors {
                    let mut state = parent.clone();
                    let taken = steps.get(usize::from(place)).map(|step| model.take(&mut state, step));
                    if matches!(taken, Some(Ok(()))) {
                        take(longer(&path, place), state);
                    }
                }
            }
        }
    }

    /// The entry without its state: only the way to it. The start has no way, and stays.
    #[must_use]
    pub fn spilled(self) -> Self {
        match self {
            Self::Kept(mut path, state) => match path.pop() {
                Some(last) => Self::Spilled(path, vec![last]),
                None => Self::Kept(path, state),
            },
            spilled => spilled,
        }
    }
}

/// The way with one more step.
#[must_use]
pub fn longer(path: &[u16], place: u16) -> Path {
    let mut way = Vec::with_capacity(path.len() + 1);
    way.extend_from_slice(path);
    way.push(place);
    way
}

/// The state at the end of a way, if it is a way on which no rule is broken.
pub fn follow<M: Model>(model: &M, path: &[u16]) -> Option<M::State> {
    let mut state = model.start();
    for place in path {
        let steps = model.steps(&state);
        model.take(&mut state, steps.get(usize::from(*place))?).ok()?;
    }
    Some(state)
}

/// The steps of a way, as far as it goes.
pub fn steps_of<M: Model>(model: &M, path: &[u16]) -> Vec<M::Step> {
    let mut state = model.start();
    let mut taken = Vec::with_capacity(path.len());
    for place in path {
        let Some(step) = model.steps(&state).get(usize::from(*place)).cloned() else { break };
        let broken = model.take(&mut state, &step).is_err();
        taken.push(step);
        if broken {
            break;
        }
    }
    taken
}
