//! How much of the exports has been read: counters of the process for whoever shows progress. Nothing is calculated
//! from them.

use std::sync::atomic::{AtomicU64, Ordering};

static EXPECTED: AtomicU64 = AtomicU64::new(0);
static READ: AtomicU64 = AtomicU64::new(0);

/// Begins to count: so many bytes will be read.
pub fn begin(expected: u64) {
    READ.store(0, Ordering::Relaxed);
    EXPECTED.store(expected, Ordering::Relaxed);
}

/// Counts bytes that were read.
pub(super) fn advance(bytes: u64) {
    READ.fetch_add(bytes, Ordering::Relaxed);
}

/// Bytes read so far, and bytes to be read in all; 0 before anything is read.
#[must_use]
pub fn so_far() -> (u64, u64) {
    (READ.load(Ordering::Relaxed), EXPECTED.load(Ordering::Relaxed))
}

/// Goes back to a count, as what was read since is read again. Others that read at the same time are not told apart, which
/// a bar can bear.
pub(super) fn go_back(to: u64) {
    READ.store(to, Ordering::Relaxed);
}
