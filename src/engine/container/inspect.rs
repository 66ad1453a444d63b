//! `inspect`: all that is known of a container, in the shape of docker's API (`GET /containers/{id}/json`), which
//! scripts rely on.

mod absent;

use serde_json::{Map, Value, json};

use crate::{
    engine::Engine,
    store::container::{
        ContainerConfig, ContainerState, MountConfig, MountSource, Namespace, RootSource, SeccompChoice,
        Status, UserNamespace,
    },
};

use super::{
    Container,
    ls::{network_word, status_word},
    spec,
};

/// What docker says for "never".
const NEVER: &str = "0001-01-01T00:00:00Z";

impl Engine {
    /// Describes a container; `size` measures its files as well.
    pub fn inspect_container(&self, container: &Container, size: bool) -> anyhow::Result<Value> {
        let config = &container.config;
        let state = container.state()?;
        let argv: Vec<&String> = config.process.entrypoint.iter().chain(&config.process.command).collect();
        let mut document = json!({
            "Id": config.id,
            "Created": config.created,
            "Path": argv.first(),
            "Args": argv.get(1..).unwrap_or_default(),
            "State": state_json(&state),
            "Image": config.image.as_ref().map(|image| image.id.to_string()).unwrap_or_default(),
            "ResolvConfPath": container.dir.etc_file("resolv.conf"),
            "HostnamePath": container.dir.etc_file("hostname"),
            "HostsPath": container.dir.etc_file("hosts"),
            "LogPath": container.dir.log(),
            "Name": format!("/{}", config.name),
            "RestartCount": state.restart_count,
            "Driver": "overlay",
            "Platform": "linux",
            "MountLabel": "",
            "ProcessLabel": "",
            "AppArmorProfile": "",
            "ExecIDs": null,
            "HostConfig": host_config(config),
            "GraphDriver": self.graph_driver(container),
            "Mounts": config.mounts.iter().map(|mount| self.mount_json(mount)).collect::<Vec<_>>(),
            "Config": config_json(config),
            "NetworkSettings": network_settings(config),
        });
        if size {
            let size = self.size_of(container);
            document["SizeRw"] = json!(size.writable);
            document["SizeRootFs"] = json!(size.total);
        }
        Ok(document)
    }

    fn graph_driver(&self, container: &Container) -> Value {
        let data = match &container.config.root {
            RootSource::Directory(path) => json!({ "RootDir": path }),
            RootSource::Host => {
                json!({ "LowerDir": "/", "UpperDir": container.dir.upper(), "WorkDir": container.dir.work() })
            }
            RootSource::Layers(layers) => {
                let tree =
                    |layer| self.layout.layer(&container.config.map, layer).to_string_lossy().into_owned();
                let lower: Vec<String> = layers.iter().rev().map(tree).collect();
                json!({
                    "LowerDir": lower.join(":"),
                    "UpperDir": container.dir.upper(),
                    "WorkDir": container.dir.work(),
                })
            }
        };
        json!({ "Name": "overlay", "Data": data })
    }

    fn mount_json(&self, mount: &MountConfig) -> Value {
        let propagation = if mount.propagation.is_empty() { "rprivate" } else { &mount.propagation };
        let mut described = json!({
            "Destination": mount.target,
            "Mode": mount_mode(mount),
            "RW": !mount.readonly,
            "Propagation": propagation,
        });
        match &mount.source {
            MountSource::Bind { path, .. } => {
                described["Type"] = json!("bind");
                described["Source"] = json!(path);
            }
            MountSource::Volume { name, .. } => {
                let mountpoint = self.find_volume(name).map(|volume| volume.mountpoint);
                described["Type"] = json!("volume");
                described["Name"] = json!(name);
                described["Driver"] = json!("local");
                described["Source"] = json!(mountpoint.unwrap_or_else(|_| self.layout.volume(name).data()));
            }
            MountSource::Tmpfs => {
                described["Type"] = json!("tmpfs");
                described["Source"] = json!("");
            }
        }
        described
    }
}

fn state_json(state: &ContainerState) -> Value {
    let time =
        |time: Option<crate::base::time::Time>| time.map_or_else(|| NEVER.to_owned(), |t| t.to_string());
    json!({
        "Status": status_word(state.status),
        "Running": state.status.is_running(),
        "Paused": state.status == Status::Paused,
        "Restarting": false,
        "OOMKilled": state.oom_killed,
        "Dead": false,
        "Pid": state.process.as_ref().filter(|_| state.status.is_running()).map_or(0, |process| process.pid),
        "ExitCode": state.exit_code,
        "Error": state.error,
        "StartedAt": time(state.started),
        "FinishedAt": time(state.finished),
        // docker leaves it out, but its templates may ask for it: `{{if .State.Health}}`.
        "Health": null,
    })
}

fn config_json(config: &ContainerConfig) -> Value {
    let process = &config.process;
    let hostname = match config.host.hostname.as_str() {
        "" => config.id.short(),
        name => name,
    };
    // A named one is in HostConfig.Binds alone.
    let anonymous =
        |mount: &&MountConfig| matches!(mount.source, MountSource::Volume { anonymous: true, .. });
    let volumes = config.mounts.iter().filter(anonymous);
    let volumes: Map<String, Value> = volumes.map(|mount| (mount.target.clone(), json!({}))).collect();
    json!({
        "Hostname": hostname,
        "Domainname": config.host.domainname,
        "User": process.user,
        "AttachStdin": process.stdin,
        "AttachStdout": true,
        "AttachStderr": true,
        "ExposedPorts": config.exposed_ports,
        "Tty": process.terminal,
        "OpenStdin": process.stdin,
        "StdinOnce": process.stdin,
        "Env": process.env,
        "Cmd": non_empty(&process.command),
        "Image": config.image.as_ref().map(|image| image.name.as_str()).unwrap_or_default(),
        "Volumes": volumes,
        "WorkingDir": process.cwd,
        "Entrypoint": non_empty(&process.entrypoint),
        "OnBuild": null,
        "Labels": config.labels,
        "StopSignal": if config.lifecycle.stop_signal.is_empty() { "SIGTERM" } else { &config.lifecycle.stop_signal },
        "StopTimeout": config.lifecycle.stop_timeout,
    })
}

fn host_config(config: &ContainerConfig) -> Value {
    let (host, security, namespaces) = (&config.host, &config.security, &config.namespaces);
    let tmpfs = config.mounts.iter().filter(|mount| mount.source == MountSource::Tmpfs);
    let tmpfs: Map<String, Value> =
        tmpfs.map(|mount| (mount.target.clone(), json!(mount.options.join(",")))).collect();
    let (masked, readonly) = spec::hidden(security);
    let mut document = json!({
        "Binds": config.mounts.iter().filter_map(bind).collect::<Vec<_>>(),
        "ContainerIDFile": config.lifecycle.cidfile.as_deref().map(|path| path.display().to_string()).unwrap_or_default(),
        "LogConfig": { "Type": "json-file", "Config": {} },
        "NetworkMode": network_word(&namespaces.network),
        "PortBindings": {},
        "RestartPolicy": { "Name": "no", "MaximumRetryCount": 0 },
        "AutoRemove": config.lifecycle.auto_remove,
        "CapAdd": non_empty(&security.cap_add),
        "CapDrop": non_empty(&security.cap_drop),
        "CgroupnsMode": "private",
        "Dns": host.dns,
        "DnsOptions": host.dns_options,
        "DnsSearch": host.dns_search,
        "ExtraHosts": non_empty(&host.add_hosts),
        "GroupAdd": non_empty(&config.process.groups),
        "IpcMode": namespace_word(&namespaces.ipc),
        "PidMode": shared_word(&namespaces.pid),
        "UTSMode": shared_word(&namespaces.uts),
        "UsernsMode": user_word(&namespaces.user),
        "OomScoreAdj": host.oom_score_adj.unwrap_or(0),
        "Privileged": security.privileged,
        "PublishAllPorts": false,
        "ReadonlyRootfs": security.readonly_root,
        "SecurityOpt": non_empty(&security_options(config)),
        "ShmSize": host.shm_size.unwrap_or(64 << 20),
        "Sysctls": host.sysctls,
        "Tmpfs": tmpfs,
        "Init": config.process.init,
        "Runtime": "coracle",
        "Annotations": config.annotations,
        "Devices": security.devices.iter().map(|device| json!({
            "PathOnHost": device.source,
            "PathInContainer": device.target,
            "CgroupPermissions": device.permissions,
        })).collect::<Vec<_>>(),
        "Ulimits": host.ulimits.iter().map(|limit| json!({
            "Name": limit.name,
            "Soft": limit.soft.map_or(json!(-1), |value| json!(value)),
            "Hard": limit.hard.map_or(json!(-1), |value| json!(value)),
        })).collect::<Vec<_>>(),
        "MaskedPaths": masked,
        "ReadonlyPaths": readonly,
    });
    document.as_object_mut().expect("it is written as one").extend(absent::host_config());
    document
}

/// A bind mount or a named volume as `-v` takes it.
fn bind(mount: &MountConfig) -> Option<String> {
    let source = match &mount.source {
        MountSource::Bind { path, .. } => path.display().to_string(),
        MountSource::Volume { name, anonymous: false } => name.clone(),
        _ => return None,
    };
    let mode = mount_mode(mount);
    let propagation = Some(mount.propagation.as_str()).filter(|propagation| !propagation.is_empty());
    let further = [mount.chown.then_some("U"), mount.no_copy.then_some("nocopy"), propagation];
    let options: Vec<&str> = Some(mode.as_str())
        .filter(|mode| !mode.is_empty())
        .into_iter()
        .chain(further.into_iter().flatten())
        .collect();
    let colon = if options.is_empty() { "" } else { ":" };
    Some(format!("{source}:{}{colon}{}", mount.target, options.join(",")))
}

fn security_options(config: &ContainerConfig) -> Vec<String> {
    let mut options = Vec::new();
    if config.security.no_new_privileges {
        options.push("no-new-privileges".to_owned());
    }
    match &config.security.seccomp {
        SeccompChoice::Default => {}
        SeccompChoice::Unconfined => options.push("seccomp=unconfined".to_owned()),
        SeccompChoice::Profile(profile) => options.push(format!("seccomp={profile}")),
    }
    let paths =
        |name: &str, paths: &[String]| (!paths.is_empty()).then(|| format!("{name}={}", paths.join(":")));
    options.extend(paths("mask", &config.security.mask));
    options.extend(paths("unmask", &config.security.unmask));
    options
}

fn namespace_word(namespace: &Namespace) -> String {
    match namespace {
        Namespace::Private => "private".to_owned(),
        Namespace::Host => "host".to_owned(),
        Namespace::Container(id) => format!("container:{id}"),
    }
}

/// The word of a kind of which docker says nothing while it is private.
fn shared_word(namespace: &Namespace) -> String {
    match namespace {
        Namespace::Private => String::new(),
        shared => namespace_word(shared),
    }
}

/// What stood behind the last colon of `-v`.
fn mount_mode(mount: &MountConfig) -> String {
    let readonly = mount.readonly.then_some("ro");
    let options = mount.options.iter().map(String::as_str).filter(|option| !matches!(*option, "ro" | "rw"));
    readonly.into_iter().chain(options).collect::<Vec<_>>().join(",")
}

fn user_word(namespace: &UserNamespace) -> String {
    match namespace {
        UserNamespace::Shared => String::new(),
        UserNamespace::Private => "private".to_owned(),
        UserNamespace::KeepId { uid, gid } => format!("keep-id:uid={uid},gid={gid}"),
    }
}

/// docker writes null for a list that nobody gave.
fn non_empty(list: &[String]) -> Value {
    if list.is_empty() { Value::Null } else { json!(list) }
}

fn network_settings(config: &ContainerConfig) -> Value {
    let name = network_word(&config.namespaces.network);
    let networks = match name.starts_with("container:") {
        true => Map::new(),
        false => Map::from_iter([(name, absent::endpoint())]),
    };
    let mut settings = absent::network_settings();
    settings.insert("Networks".to_owned(), Value::Object(networks));
    Value::Object(settings)
}
