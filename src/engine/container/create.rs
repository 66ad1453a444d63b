//! `create`: from an image and options to a container's record. Nothing runs yet.
//!
//! The directory is made and locked first, then the name is claimed, and `config.json` is written last: until then the
//! container does not exist, and what an interruption leaves is swept by `prune` and stands in nobody's way.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};

use crate::{
    base::{
        id::{ContainerId, check_name},
        time::Time,
    },
    engine::{
        Engine, Error,
        image::{HOST, Image},
        random_id,
        remove::remove_tree,
    },
    image::config::RunConfig,
    runtime::spec::defaults,
    store::{
        container::{
            ContainerConfig, HostConfig, ImageUse, LifecycleConfig, MountConfig, Namespace, Namespaces,
            Network, ProcessConfig, RootSource, SecurityConfig, UserNamespace, VERSION,
        },
        directory,
        image::Platform,
        lock::Lock,
        names,
        record::{self, Durability},
    },
};

use super::{Container, env, names::random, rm::RemoveOptions};

/// What a container is to be; as the user said it, apart from what only the image knows.
#[derive(Debug)]
pub struct CreateOptions {
    pub source: Source,
    pub pull: Pull,
    pub platform: Option<Platform>,
    /// Chosen by us when absent.
    pub name: Option<String>,
    /// Remove the container that has the name.
    pub replace: bool,
    /// `Some` of nothing clears the image's; then `process.entrypoint` counts for nothing.
    pub entrypoint: Option<Vec<String>>,
    pub process: ProcessConfig,
    /// Variables to set, or (`None`) to take out of the image's; `process.env` counts for nothing.
    pub env: Vec<(String, Option<String>)>,
    pub user_namespace: UserNamespace,
    pub pid: NamespaceChoice,
    pub ipc: NamespaceChoice,
    pub uts: NamespaceChoice,
    pub network: NetworkChoice,
    pub mounts: Vec<MountConfig>,
    pub security: SecurityConfig,
    pub host: HostConfig,
    pub lifecycle: LifecycleConfig,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    /// `80/tcp`.
    pub expose: Vec<String>,
}

/// Where the root file system comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Image(String),
    /// `--rootfs`: an absolute path.
    Directory(PathBuf),
}

/// `--pull`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pull {
    Always,
    #[default]
    Missing,
    Never,
}

/// `--pid`, `--ipc`, `--uts`, before names are looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NamespaceChoice {
    #[default]
    Private,
    Host,
    Container(String),
}

/// `--network`, before names are looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NetworkChoice {
    #[default]
    None,
    Host,
    Container(String),
}

/// A container that was just made, still locked.
#[derive(Debug)]
pub struct Created {
    pub container: Container,
    pub(super) lock: Lock,
    /// None for `--rootfs`.
    pub(super) image: Option<Image>,
}

impl Engine {
    /// Makes a container.
    pub fn create(&self, options: CreateOptions) -> anyhow::Result<Created> {
        check(&options)?;
        let cidfile = options.lifecycle.cidfile.clone();
        if let Some(path) = &cidfile {
            refuse_existing(path, "container ID file")?;
        }
        let image = self.image_of(&options)?;
        let id = random_id()?;
        let dir = self.layout.container(&id);
        directory::make(dir.path())?;
        let made = self.fill(&id, options, image);
        let made = made.and_then(|created| {
            write_cidfile(cidfile.as_deref(), &id)?;
            Ok(created)
        });
        made.inspect_err(|_| self.discard(&id))
    }

    /// Makes what is in the container's directory, `config.json` last.
    fn fill(
        &self,
        id: &ContainerId,
        options: CreateOptions,
        image: Option<Image>,
    ) -> anyhow::Result<Created> {
        let dir = self.layout.container(id);
        let lock = Lock::try_exclusive(&dir.lock())
            .with_context(|| format!("lock {}", dir.lock().display()))?
            .with_context(|| format!("container {id} is locked already"))?;
        let name = self.claim_name(id, options.name.as_deref(), options.replace)?;
        let container = self.record(id, &name, options, image.as_ref());
        let container = container.inspect_err(|_| {
            let _ = names::release(&self.layout, &name, id);
        })?;
        Ok(Created { container, lock, image })
    }

    /// Writes the container's config, and makes the volumes that it names.
    fn record(
        &self,
        id: &ContainerId,
        name: &str,
        options: CreateOptions,
        image: Option<&Image>,
    ) -> anyhow::Result<Container> {
        let mut config = self.config(id, name.to_owned(), options, image)?;
        let volumes = self.make_volumes(&mut config)?;
        let dir = self.layout.container(id);
        record::write(&dir.config(), &config, durability(&config))?;
        drop(volumes);
        Ok(Container { dir, config })
    }

    /// Takes back what a failed `create` made.
    fn discard(&self, id: &ContainerId) {
        let dir = self.layout.container(id);
        let _ = match self.container(id) {
            Ok(Some(container)) => self.delete_container(&container, true),
            _ => remove_tree(dir.path()),
        };
    }

    fn image_of(&self, options: &CreateOptions) -> anyhow::Result<Option<Image>> {
        let name = match &options.source {
            Source::Image(name) => name,
            Source::Directory(path) => {
                let why = if path.exists() { "it is no directory" } else { "no such directory" };
                ensure!(path.is_dir(), Error::Invalid(format!("--rootfs {}: {why}", path.display())));
                return Ok(None);
            }
        };
        if options.pull == Pull::Always && name != HOST {
            bail!(
                "cannot pull {name}: there is no registry client yet; 'coracle pull' takes oci: and archive names"
            );
        }
        Ok(Some(self.find_image_for(name, options.platform.as_ref())?))
    }

    /// Gives the container its name: the user's, or one of ours that is free.
    fn claim_name(&self, id: &ContainerId, wanted: Option<&str>, replace: bool) -> anyhow::Result<String> {
        if let Some(name) = wanted {
            check_name(name).map_err(|error| Error::Invalid(error.to_string()))?;
            let Err(holder) = names::claim(&self.layout, name, id)? else { return Ok(name.to_owned()) };
            if replace {
                self.remove_container(holder.as_str(), RemoveOptions { force: true, volumes: true })?;
                if names::claim(&self.layout, name, id)?.is_ok() {
                    return Ok(name.to_owned());
                }
            }
            return Err(Error::NameTaken { name: name.to_owned(), by: holder.to_string() }.into());
        }
        for attempt in 0.. {
            let mut bytes = [0; 4];
            rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
                .context("get random numbers")?;
            let name = random(bytes, attempt);
            if names::claim(&self.layout, &name, id)?.is_ok() {
                return Ok(name);
            }
        }
        unreachable!("a free name is found before the numbers end")
    }

    fn config(
        &self,
        id: &ContainerId,
        name: String,
        options: CreateOptions,
        image: Option<&Image>,
    ) -> anyhow::Result<ContainerConfig> {
        let namespaces = self.namespaces(&options)?;
        let mut flags = options.process;
        if let (UserNamespace::KeepId { uid, gid }, true) = (&namespaces.user, flags.user.is_empty()) {
            // podman: who keeps his id is to be himself.
            flags.user = format!("{uid}:{gid}");
        }
        let nothing = RunConfig::default();
        let said = image.and_then(|image| image.config.config.as_ref()).unwrap_or(&nothing);
        let mut labels = said.labels.clone().unwrap_or_default();
        labels.extend(options.labels);
        let mut exposed_ports = said.exposed_ports.clone().unwrap_or_default();
        exposed_ports.extend(options.expose.into_iter().map(|port| (port, serde_json::json!({}))));
        let mut lifecycle = options.lifecycle;
        if lifecycle.stop_signal.is_empty() {
            lifecycle.stop_signal = said.stop_signal.clone().unwrap_or_default();
        }
        if lifecycle.stop_timeout.is_none() {
            lifecycle.stop_timeout = said.stop_timeout;
        }
        let root = match (&options.source, image) {
            (Source::Directory(path), _) => RootSource::Directory(path.clone()),
            (_, Some(image)) if image.is_host => RootSource::Host,
            (_, image) => RootSource::Layers(image.map(|image| image.diff_ids.clone()).unwrap_or_default()),
        };
        let image_use = match (&options.source, image) {
            (Source::Image(name), Some(image)) => {
                Some(ImageUse { name: name.clone(), id: image.id, manifest: image.manifest })
            }
            _ => None,
        };
        Ok(ContainerConfig {
            version: VERSION,
            id: id.clone(),
            name,
            created: Time::now(),
            root,
            image: image_use,
            process: process(flags, options.entrypoint, options.env, said)?,
            map: self.map().tag(),
            namespaces,
            mounts: super::mounts::with_image_volumes(options.mounts, said)?,
            security: options.security,
            host: options.host,
            lifecycle,
            labels,
            annotations: options.annotations,
            exposed_ports,
        })
    }

    /// Looks up the containers whose namespaces are to be shared. They must exist; whether they run matters at the
    /// start only.
    fn namespaces(&self, options: &CreateOptions) -> anyhow::Result<Namespaces> {
        let shared = |choice: &NamespaceChoice| -> anyhow::Result<Namespace> {
            Ok(match choice {
                NamespaceChoice::Private => Namespace::Private,
                NamespaceChoice::Host => Namespace::Host,
                NamespaceChoice::Container(name) => {
                    Namespace::Container(self.find_container(name)?.config.id)
                }
            })
        };
        Ok(Namespaces {
            user: options.user_namespace.clone(),
            pid: shared(&options.pid)?,
            ipc: shared(&options.ipc)?,
            uts: shared(&options.uts)?,
            network: match &options.network {
                NetworkChoice::None => Network::None,
                NetworkChoice::Host => Network::Host,
                NetworkChoice::Container(name) => Network::Container(self.find_container(name)?.config.id),
            },
        })
    }
}

/// How long a container's record must last: one that is removed at its end does not outlive this boot.
pub(super) fn durability(config: &ContainerConfig) -> Durability {
    if config.lifecycle.auto_remove { Durability::Relaxed } else { Durability::Synced }
}

/// Refuses what contradicts itself.
fn check(options: &CreateOptions) -> anyhow::Result<()> {
    let named_host = !options.host.hostname.is_empty() || !options.host.domainname.is_empty();
    let conflict = |flag: &str, other: &str| {
        Err(Error::Invalid(format!("conflicting options: {flag} and {other}")).into())
    };
    if named_host && options.uts != NamespaceChoice::Private {
        return conflict("--hostname", "--uts of another");
    }
    if matches!(options.network, NetworkChoice::Container(_)) {
        if named_host {
            return conflict("--hostname", "--network container:…");
        }
        if !options.host.add_hosts.is_empty() {
            return conflict("--add-host", "--network container:…");
        }
        if !options.host.dns.is_empty() {
            return conflict("--dns", "--network container:…");
        }
    }
    if options.host.shm_size.is_some() && options.ipc != NamespaceChoice::Private {
        return conflict("--shm-size", "--ipc of another");
    }
    if options.replace && options.name.is_none() {
        return Err(Error::Invalid("--replace wants --name".to_owned()).into());
    }
    Ok(())
}

/// The program: docker's rules of what an entrypoint or a command on the command line does to the image's.
fn process(
    flags: ProcessConfig,
    entrypoint: Option<Vec<String>>,
    settings: Vec<(String, Option<String>)>,
    image: &RunConfig,
) -> anyhow::Result<ProcessConfig> {
    let image_command = || image.cmd.clone().unwrap_or_default();
    let (entrypoint, command) = match entrypoint {
        Some(entrypoint) => (entrypoint, flags.command),
        None if flags.command.is_empty() => (image.entrypoint.clone().unwrap_or_default(), image_command()),
        None => (image.entrypoint.clone().unwrap_or_default(), flags.command),
    };
    ensure!(
        !(entrypoint.is_empty() && command.is_empty()),
        Error::Invalid("no command specified".to_owned())
    );
    let mut variables = apply(env::from_image(image.env.as_deref().unwrap_or_default()), settings);
    if !variables.iter().any(|variable| variable.starts_with("PATH=")) {
        variables.insert(0, format!("PATH={}", defaults::PATH));
    }
    let or_image = |flag: String, image: &Option<String>| {
        if flag.is_empty() { image.clone().unwrap_or_default() } else { flag }
    };
    Ok(ProcessConfig {
        entrypoint,
        command,
        env: variables,
        cwd: or_image(flags.cwd, &image.working_dir),
        user: or_image(flags.user, &image.user),
        ..flags
    })
}

/// Sets variables and takes some out, in the order they were given.
pub(super) fn apply(mut variables: Vec<String>, settings: Vec<(String, Option<String>)>) -> Vec<String> {
    for (name, value) in settings {
        let is_it = |variable: &String| variable.split_once('=').is_some_and(|(known, _)| known == name);
        match value {
            Some(value) => variables = env::merge(variables, [format!("{name}={value}")]),
            None => variables.retain(|variable| !is_it(variable)),
        }
    }
    variables
}

/// A file that tells others of this container must not be another's.
pub(super) fn refuse_existing(path: &Path, what: &str) -> anyhow::Result<()> {
    ensure!(
        path.symlink_metadata().is_err(),
        Error::Invalid(format!(
            "{what} found, make sure the other container isn't running or delete {}",
            path.display()
        ))
    );
    Ok(())
}

fn write_cidfile(path: Option<&Path>, id: &ContainerId) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)
        .and_then(|mut file| file.write_all(id.as_str().as_bytes()))
        .with_context(|| format!("write the container ID file {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn entrypoint_and_command_follow_docker() {
        let image = RunConfig {
            entrypoint: Some(strings(&["/entry"])),
            cmd: Some(strings(&["default"])),
            ..RunConfig::default()
        };
        type Words<'a> = &'a [&'a str];
        let cases: [(Option<Words<'_>>, Words<'_>, Words<'_>, Words<'_>); 5] = [
            (None, &[], &["/entry"], &["default"]),
            (None, &["given"], &["/entry"], &["given"]),
            (Some(&["/own"]), &[], &["/own"], &[]),
            (Some(&["/own"]), &["given"], &["/own"], &["given"]),
            (Some(&[]), &["given"], &[], &["given"]),
        ];
        for (entrypoint, command, want_entrypoint, want_command) in cases {
            let flags = ProcessConfig { command: strings(command), ..ProcessConfig::default() };
            let got = process(flags, entrypoint.map(strings), Vec::new(), &image).unwrap();
            let got = (got.entrypoint, got.command);
            assert_eq!(got, (strings(want_entrypoint), strings(want_command)), "{entrypoint:?} {command:?}");
        }
        let cleared = process(ProcessConfig::default(), Some(Vec::new()), Vec::new(), &image).unwrap_err();
        assert_eq!(cleared.to_string(), "no command specified");
    }

    #[test]
    fn flags_go_before_what_the_image_says() {
        let image = RunConfig {
            cmd: Some(strings(&["x"])),
            env: Some(strings(&["A=image", "B=image", "C=image", "SECRET"])),
            user: Some("daemon".to_owned()),
            working_dir: Some("/srv".to_owned()),
            ..RunConfig::default()
        };
        let flags = ProcessConfig { user: "1:2".to_owned(), ..Default::default() };
        let set = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        let settings = vec![set("B", Some("flag")), set("C", None), set("PATH", Some("/bin"))];
        let got = process(flags, None, settings, &image).unwrap();
        assert_eq!(got.env, strings(&["A=image", "B=flag", "PATH=/bin"]));
        assert_eq!((got.user.as_str(), got.cwd.as_str()), ("1:2", "/srv"));
        let plain = process(ProcessConfig::default(), None, Vec::new(), &image).unwrap();
        assert_eq!(plain.env[0], format!("PATH={}", defaults::PATH));
    }
}
