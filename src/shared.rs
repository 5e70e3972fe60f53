//! Texts that stand in many places, each kept once.

use std::sync::Arc;

use rustc_hash::FxHashMap;

/// Texts by what they are found by.
#[derive(Debug, Default)]
pub(crate) struct Shared(FxHashMap<Box<str>, Arc<str>>);

impl Shared {
    /// A text.
    pub(crate) fn get(&mut self, text: &str) -> Arc<str> {
        self.get_as(text, |text| text)
    }

    /// The text that another one is shown as, which it always has to be as well.
    pub(crate) fn get_as<'v>(&mut self, text: &'v str, shown: impl FnOnce(&'v str) -> &'v str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = shown(text).into();
        self.0.insert(text.into(), Arc::clone(&new));
        new
    }
}
