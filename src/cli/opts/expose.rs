//! `--expose PORT[-PORT][/PROTOCOL]`: a note in the container's record, as the image's EXPOSE is.

use crate::base::port;

/// Reads one `--expose`; gives docker's keys, `80/tcp`.
pub fn parse(text: &str) -> Result<Vec<String>, String> {
    port::parse(text).map_err(|why| format!("invalid range format for --expose: {text}, error: {why}"))
}
