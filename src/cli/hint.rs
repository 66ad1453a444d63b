//! Advice that follows an error: what the user can do about it.

use rustix::io::Errno;

use super::output::template;
use crate::{
    engine,
    runtime::StartError,
    sys::{error::SyscallError, explain, userns::MapError},
};

/// What to do about an error, where we know.
pub fn of(error: &anyhow::Error) -> Vec<String> {
    let mut hints: Vec<String> = Vec::new();
    for cause in error.chain() {
        hints.extend(of_cause(cause).filter(|hint| !hints.contains(hint)));
    }
    hints
}

fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(error) = cause.downcast_ref() {
        return of_engine(error);
    }
    if let Some(error) = cause.downcast_ref() {
        return of_template(error);
    }
    if let Some(StartError { hint, .. }) = cause.downcast_ref() {
        return hint.clone();
    }
    if let Some(MapError::Call(call)) = cause.downcast_ref() {
        return explain::hint(call.errno, explain::Situation::NewUserNamespace);
    }
    let errno = if let Some(errno) = cause.downcast_ref::<Errno>() {
        *errno
    } else if let Some(call) = cause.downcast_ref::<SyscallError>() {
        call.errno
    } else {
        Errno::from_io_error(cause.downcast_ref()?)?
    };
    explain::hint(errno, explain::Situation::Store)
}

fn of_engine(error: &engine::Error) -> Option<String> {
    use engine::Error;
    Some(match error {
        Error::NoSuch { kind: "image", .. } => {
            "'coracle images' lists those there are; take one in with 'coracle load' or 'coracle pull', or use the \
             built-in host:"
                .to_owned()
        }
        Error::NameTaken { name, .. } => {
            format!("remove that container ('coracle rm {name}'), or give --replace to take its place")
        }
        Error::NoImageArchive => {
            "if it holds a root file system: 'coracle import' makes an image of one".to_owned()
        }
        Error::IsDirectory { path } if path.join("oci-layout").exists() => {
            format!("it is an OCI layout: 'coracle pull oci:{}' takes an image from it", path.display())
        }
        Error::Running { name } => format!("stop it first ('coracle stop {name}'), or force it with -f"),
        Error::Ambiguous { .. } => "give more of the id".to_owned(),
        Error::NoMountSource { .. } => {
            "docker would make a directory there; make it first if that is meant".to_owned()
        }
        _ => return None,
    })
}

fn of_template(error: &template::Error) -> Option<String> {
    (!error.names().is_empty()).then(|| format!("the fields are {}", error.names().join(", ")))
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_full_disk_is_explained_whoever_met_it() {
        for error in [
            anyhow::Error::from(Errno::NOSPC),
            anyhow::Error::from(std::io::Error::from(Errno::NOSPC)),
            anyhow::Error::from(SyscallError::new("write()", Errno::NOSPC)),
        ] {
            let hints = of(&Err::<(), _>(error).context("write").unwrap_err());
            assert!(hints.len() == 1 && hints[0].contains("full"), "{hints:?}");
        }
    }
}
