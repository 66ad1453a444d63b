//! Commands on images.

mod history;
mod import;
mod inspect;
mod load;
mod ls;
mod prune;
mod pull;
mod rm;
mod save;
mod tag;
