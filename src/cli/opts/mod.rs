//! Shared option groups and flag-value parsers.
