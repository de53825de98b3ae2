//! Panics of a library that are an answer.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What `open` gives; none if it panics, which nobody hears. redb panics on some damaged pages, and a damaged file
/// should be an error like any other.
pub(super) fn quietly<T>(open: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
    QUIET.set(true);
    let opened = catch_unwind(AssertUnwindSafe(open)).ok();
    QUIET.set(false);
    opened
}
