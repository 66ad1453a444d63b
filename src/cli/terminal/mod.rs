//! The user's terminal, while a program of a container has it: raw mode, given back on every way out; keys that detach;
//! and [`mod@front`], which stands between the terminal and the container's monitor (`run -t`, `start -ai`, `attach`,
//! `exec -t`).

mod detach;
mod front;

use std::sync::{Mutex, Once, PoisonError};

pub use detach::DetachKeys;
pub use front::{Front, FrontEnd, front};

use crate::sys::tty::{self, Raw, Size};

/// The terminal's former mode, where the panic hook finds it: with `panic = "abort"` nothing is dropped.
static RAW: Mutex<Option<Raw>> = Mutex::new(None);

/// The size of the user's window, where there is one.
pub fn window_size() -> Option<Size> {
    tty::size(rustix::stdio::stdout()).or_else(|_| tty::size(rustix::stdio::stdin())).ok()
}

/// Raw mode of our standard input, until it is dropped or the process panics.
#[derive(Debug)]
struct RawMode;

impl RawMode {
    fn enter() -> anyhow::Result<RawMode> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let print = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                leave();
                print(panic);
            }));
        });
        let raw = Raw::enter(rustix::stdio::stdin())?;
        *RAW.lock().unwrap_or_else(PoisonError::into_inner) = Some(raw);
        Ok(RawMode)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        leave();
    }
}

fn leave() {
    RAW.lock().unwrap_or_else(PoisonError::into_inner).take();
}
