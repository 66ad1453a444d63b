//! Work in a user namespace, done by a child: the caller stays outside, and as it was.

use std::io::{Read as _, Write as _};

use anyhow::{Context as _, bail};

use crate::{
    base::advice::Advised,
    sys::{
        process::{self, Forked},
        userns::{self, IdMap},
    },
};

/// Does `work` in a child that has entered a user namespace with this map, or with the best that there is; its error
/// comes back as text, with its advice. *Must* be called while single-threaded. The child may use threads.
pub(crate) fn in_user_namespace(
    map: Option<&IdMap>,
    work: impl FnOnce(&IdMap) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (mut answer, mut writer) = std::io::pipe().context("make a pipe")?;
    match process::fork()? {
        Forked::Child => {
            drop(answer);
            let done = enter(map).and_then(|map| work(&map));
            if let Err(error) = &done {
                let hint = error.downcast_ref::<Advised>().map_or("", |advised| &advised.hint);
                let _ = writer.write_all(format!("{error:#}\0{hint}").as_bytes());
            }
            process::exit_now(u8::from(done.is_err()))
        }
        Forked::Parent { pidfd, .. } => {
            drop(writer);
            let mut text = String::new();
            answer.read_to_string(&mut text).context("hear from the child in the user namespace")?;
            match process::wait(&pidfd)? {
                process::End::Exited(0) => Ok(()),
                _ if text.is_empty() => bail!("the child in the user namespace was killed"),
                _ => match text.split_once('\0') {
                    Some((message, hint)) if !hint.is_empty() => {
                        bail!(Advised { message: message.to_owned(), hint: hint.to_owned() })
                    }
                    _ => bail!("{}", text.trim_end_matches('\0')),
                },
            }
        }
    }
}

fn enter(map: Option<&IdMap>) -> anyhow::Result<IdMap> {
    let entered = match map {
        Some(map) => userns::enter(map).map(|()| map.clone()),
        None => userns::enter_best(),
    };
    entered.context("enter a user namespace")
}
