//! What a long run shows on a terminal while it reads: a bar with bytes, speed and the time that is left.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressState, ProgressStyle};

use super::args::View;
use crate::files::meter;

/// Exports smaller than this are read before anybody looks.
const SHOWN_FROM_BYTES: u64 = 50 << 20;

/// Signs of a full bar.
const BAR_SIGNS: u64 = 24;

/// A spinner that says what is done, with a bar while large files are read; nothing where nobody watches.
pub(super) fn start(view: View, what: &str) -> ProgressBar {
    if view.quiet || view.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let progress = ProgressBar::new_spinner().with_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}{read}") {
        progress.set_style(style.with_key("read", |state: &ProgressState, out: &mut dyn Write| {
            let (read, expected) = meter::so_far();
            let _ = out.write_str(&bar(read, expected, state.elapsed()));
        }));
    }
    progress.enable_steady_tick(Duration::from_millis(120));
    progress
}

/// The bar with its words; empty where there is little to read, or all is read.
fn bar(read: u64, expected: u64, elapsed: Duration) -> String {
    if expected < SHOWN_FROM_BYTES || read >= expected {
        return String::new();
    }
    let filled = u64::try_from(u128::from(read) * u128::from(BAR_SIGNS) / u128::from(expected)).unwrap_or(0);
    let signs: String = (0..BAR_SIGNS).map(|at| if at < filled { '█' } else { '░' }).collect();
    let mut text = format!(" {signs} {} of {}", HumanBytes(read), HumanBytes(expected));
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let a_second = u64::try_from(u128::from(read) * 1000 / u128::from(millis.max(1))).unwrap_or(0);
    if millis >= 1000 && a_second > 0 {
        let left = HumanDuration(Duration::from_secs((expected - read) / a_second));
        let _ = write!(text, ", {} a second, {left} left", HumanBytes(a_second));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_shown_while_large_files_are_read_and_only_then() {
        let seconds = Duration::from_secs;
        assert_eq!(bar(1, 40 << 20, seconds(2)), "");
        assert_eq!(bar(100 << 20, 100 << 20, seconds(2)), "");
        // A quarter of 400 MiB in two seconds: 50 MiB a second, six seconds left.
        assert_eq!(
            bar(100 << 20, 400 << 20, seconds(2)),
            " ██████░░░░░░░░░░░░░░░░░░ 100.00 MiB of 400.00 MiB, 50.00 MiB a second, 6 seconds left"
        );
        assert_eq!(bar(0, 400 << 20, seconds(0)), " ░░░░░░░░░░░░░░░░░░░░░░░░ 0 B of 400.00 MiB");
    }
}
