//! System-call filters: docker's policy as data, and its translation to BPF. seccomp(2).

/// A BPF program: `struct sock_filter` as the kernel reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program(pub std::borrow::Cow<'static, [u64]>);
