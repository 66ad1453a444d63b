//! `--pull`: when an image is fetched before a container is made of it.

pub use crate::engine::container::create::Pull;

/// Reads one `--pull`; its bare form is `always`.
pub fn parse(text: &str) -> Result<Pull, String> {
    match text {
        "always" | "true" => Ok(Pull::Always),
        "missing" | "false" => Ok(Pull::Missing),
        "never" => Ok(Pull::Never),
        _ => Err("must be always, missing or never".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        assert_eq!((parse("always"), parse("never")), (Ok(Pull::Always), Ok(Pull::Never)));
        assert_eq!(parse("missing"), Ok(Pull::default()));
        assert!(parse("").is_err());
    }
}
