//! What one thread makes after another, and all use: the next part of a text.
//!
//! Where it takes long to make, whoever makes it keeps on doing so and the others use what is ready; only when enough is
//! ready does the maker use some too. So what it needs stays with the processor that it runs on. They are had in the order
//! in which they are made, so that whoever has several has the first of them first.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Makes something after another, of type `T`, with the help of an `S`.
pub(super) struct Supply<S, T> {
    state: Mutex<State<S, T>>,
    changed: Condvar,
    /// How many may be ready.
    ready_max: usize,
}

struct State<S, T> {
    /// None while something is made, and when nothing comes any more.
    source: Option<S>,
    ready: VecDeque<T>,
    /// Used ones, whose room is used again.
    used: Vec<T>,
    is_over: bool,
}

impl<S, T: Default> Supply<S, T> {
    /// A supply of which so many may be made before anyone wants them.
    pub(super) fn new(source: S, ready_max: usize) -> Self {
        let state = State { source: Some(source), ready: VecDeque::new(), used: Vec::new(), is_over: false };
        Supply { state: Mutex::new(state), changed: Condvar::new(), ready_max }
    }

    fn lock(&self) -> MutexGuard<'_, State<S, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next one, in place of a used one; `None` when nothing comes any more.
    ///
    /// # Errors
    /// That of `make`, which makes the next one in the room of a used one and says whether there is one. After an error
    /// nothing comes any more.
    pub(super) fn next<E>(
        &self,
        used: Option<T>,
        mut make: impl FnMut(&mut S, &mut T) -> Result<bool, E>,
    ) -> Result<Option<T>, E> {
        let mut state = self.lock();
        state.used.extend(used);
        loop {
            let is_enough = 2 * state.ready.len() > self.ready_max;
            if (is_enough || state.source.is_none())
                && let Some(ready) = state.ready.pop_front()
            {
                return Ok(Some(ready));
            }
            if state.is_over {
                return Ok(None);
            }
            if let Some(source) = state.source.take() {
                let mut making = Making { supply: self, source: Some(source) };
                let mut next = state.used.pop().unwrap_or_default();
                drop(state);
                while let Some(source) = &mut making.source {
                    let made = make(source, &mut next);
                    if !matches!(made, Ok(true)) {
                        making.source = None;
                        made?;
                        break;
                    }
                    let mut state = self.lock();
                    state.ready.push_back(next);
                    if state.ready.len() > self.ready_max {
                        return Ok(state.ready.pop_front());
                    }
                    self.changed.notify_one();
                    next = state.used.pop().unwrap_or_default();
                }
                drop(making);
                state = self.lock();
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// While something is made. Whatever ends that, the others get to know.
struct Making<'s, S, T: Default> {
    supply: &'s Supply<S, T>,
    /// None when nothing comes any more.
    source: Option<S>,
}

impl<S, T: Default> Drop for Making<'_, S, T> {
    fn drop(&mut self) {
        let mut state = self.supply.lock();
        state.source = if std::thread::panicking() { None } else { self.source.take() };
        state.is_over = state.source.is_none();
        drop(state);
        self.supply.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn everything_that_is_made_is_had_once_and_in_order_by_however_many() {
        for (threads, ready_max) in [(1, 0), (1, 4), (2, 0), (2, 8), (5, 3)] {
            let supply = Supply::<u64, u64>::new(0, ready_max);
            let (sum, count) = (AtomicU64::new(0), AtomicU64::new(0));
            let work = || {
                let mut had = None;
                let make = |source: &mut u64, next: &mut u64| {
                    *source += 1;
                    *next = *source;
                    Ok::<_, Infallible>(*source <= 1000)
                };
                while let Ok(Some(next)) = supply.next(had, make) {
                    assert!(had.is_none_or(|before| before < next), "in their order");
                    sum.fetch_add(next, Ordering::Relaxed);
                    count.fetch_add(1, Ordering::Relaxed);
                    had = Some(next);
                }
            };
            thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
            assert_eq!((sum.into_inner(), count.into_inner()), (500_500, 1000), "{threads} {ready_max}");
        }
    }

    #[test]
    fn an_error_or_a_panic_of_the_maker_leaves_nobody_waiting() {
        for is_panic in [false, true] {
            let supply = Supply::<u64, u64>::new(0, 2);
            let make = |source: &mut u64, _: &mut u64| {
                *source += 1;
                assert!(!(is_panic && *source == 20), "as wanted");
                if *source == 20 { Err(()) } else { Ok(true) }
            };
            let work = || while let Ok(Some(_)) = supply.next(None, make) {};
            thread::scope(|scope| {
                let all: Vec<_> = (0..3).map(|_| scope.spawn(work)).collect();
                let panics = all.into_iter().filter_map(|one| one.join().err()).count();
                assert_eq!(panics, usize::from(is_panic));
            });
            assert_eq!(supply.next(None, make), Ok(None));
        }
    }
}
