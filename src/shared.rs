//! Texts that stand in many places, each kept once.

use std::sync::Arc;

use rustc_hash::FxHashSet;

/// Texts, each once.
#[derive(Debug, Default)]
pub(crate) struct Shared(FxHashSet<Arc<str>>);

impl Shared {
    /// A text.
    pub(crate) fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}
