//! From a policy to a BPF program: a dispatch on the architecture, then a binary search over ranges of call numbers that
//! have the same fate, then tests of arguments where there are any. seccomp(2), bpf(4).
//!
//! Numbers above all that the profile names belong to a newer kernel than its author knew: where the default is an
//! errno they get ENOSYS, so that the C library falls back to older calls (runc and crun do the same).

use std::collections::{BTreeMap, HashMap};

use anyhow::ensure;

use super::{
    abi::{Abi, multiplexed},
    profile::{Action, Op, Policy, Rule, Test},
};

/// The kernel's limit on a program's instructions (BPF_MAXINSNS).
const MAX_LENGTH: usize = 4096;

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGS: u32 = 16;

/// Operation codes of linux/bpf_common.h: class, size or source, mode.
pub(super) const LOAD: u16 = 0x20;
pub(super) const AND: u16 = 0x54;
pub(super) const JUMP: u16 = 0x05;
pub(super) const JEQ: u16 = 0x15;
pub(super) const JGT: u16 = 0x25;
pub(super) const JGE: u16 = 0x35;
pub(super) const RETURN: u16 = 0x06;

/// One `struct sock_filter` { code: u16, jt: u8, jf: u8, k: u32 }, as a little-endian word.
fn op(code: u16, jt: u8, jf: u8, k: u32) -> u64 {
    u64::from(code) | u64::from(jt) << 16 | u64::from(jf) << 24 | u64::from(k) << 32
}

fn ret(action: Action) -> u64 {
    op(RETURN, 0, 0, action.code())
}

/// Translates a policy for the kernel.
pub(super) fn compile(policy: &Policy) -> anyhow::Result<Vec<u64>> {
    let mut program = vec![op(LOAD, 0, 0, ARCH)];
    // Interfaces of one audit architecture are neighbours, as the list is sorted.
    for group in policy.abis.chunk_by(|a, b| a.audit() == b.audit()) {
        let ranges = ranges(policy, group);
        let mut body = vec![op(LOAD, 0, 0, NUMBER)];
        body.extend(search(&ranges));
        program.extend([op(JEQ, 1, 0, group[0].audit()), op(JUMP, 0, 0, body.len() as u32)]);
        program.extend(body);
    }
    // An architecture that the profile does not name could be a way around it.
    program.push(ret(Action::KillProcess));
    ensure!(
        program.len() <= MAX_LENGTH,
        "the profile takes {} instructions, of which a filter has {MAX_LENGTH} at most",
        program.len()
    );
    Ok(program)
}

/// The first of a range of numbers, and the code that decides about them.
type Range = (u32, Vec<u64>);

/// All numbers of an audit architecture, cut into ranges.
fn ranges(policy: &Policy, group: &[Abi]) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    let mut push = |start: u32, code: Vec<u64>| {
        if ranges.last().is_none_or(|(_, last)| *last != code) {
            ranges.push((start, code));
        }
    };
    let mut next = Some(0);
    for &abi in group {
        let (first, last) = abi.range();
        if next.is_some_and(|next| next < first) {
            push(0, vec![ret(Action::KillProcess)]);
        }
        abi_ranges(policy, abi, first, &mut push);
        next = last.checked_add(1);
    }
    if let Some(next) = next {
        push(next, vec![ret(Action::KillProcess)]);
    }
    ranges
}

fn abi_ranges(policy: &Policy, abi: Abi, first: u32, push: &mut impl FnMut(u32, Vec<u64>)) {
    let fates = fates(policy, abi);
    let newest = fates.keys().copied().take_while(|&number| number < abi.private_numbers()).last();
    let beyond = match policy.default {
        Action::Errno(_) => Action::Errno(libc::ENOSYS as u16),
        other => other,
    };
    let gap = |start: u32| {
        vec![ret(if newest.is_some_and(|newest| start > newest) { beyond } else { policy.default })]
    };
    let mut next = first;
    for (number, code) in fates {
        if next < number {
            push(next, gap(next));
        }
        push(number, code);
        next = number + 1;
    }
    push(next, gap(next));
}

/// The code for each number that the profile names.
fn fates(policy: &Policy, abi: Abi) -> BTreeMap<u32, Vec<u64>> {
    let numbers = abi.numbers();
    let mut rules: BTreeMap<u32, Vec<(Vec<Test>, Action)>> = BTreeMap::new();
    for rule in &policy.rules {
        for name in &rule.names {
            for (number, tests) in meanings(rule, name, abi, &numbers) {
                rules.entry(number).or_default().push((tests, rule.action));
            }
        }
    }
    rules.into_iter().map(|(number, rules)| (number, decision(&rules, policy.default))).collect()
}

/// The number of a call, and on i386 that of the call which can stand for it. A name that this interface does not have
/// (another architecture's, or a newer kernel's) means nothing, as with libseccomp.
fn meanings(rule: &Rule, name: &str, abi: Abi, numbers: &HashMap<&str, u32>) -> Vec<(u32, Vec<Test>)> {
    let mut meanings: Vec<_> =
        numbers.get(name).map(|&number| (number, rule.tests.clone())).into_iter().collect();
    if abi == Abi::X86
        && rule.tests.is_empty()
        && let Some((gate, value)) = multiplexed(name)
    {
        meanings.push((numbers[gate], vec![Test { index: 0, op: Op::Eq, value }]));
    }
    meanings
}

/// Code that tries rules in their order. A rule without tests decides alone, wherever it stands, as with libseccomp.
fn decision(rules: &[(Vec<Test>, Action)], default: Action) -> Vec<u64> {
    if let Some((_, action)) = rules.iter().find(|(tests, _)| tests.is_empty()) {
        return vec![ret(*action)];
    }
    let mut code = Vec::new();
    let mut rest = rules;
    while let Some((tests, action)) = rest.first() {
        let alternatives = alternatives(rest);
        if alternatives.len() > 1 {
            code.extend(any_of(tests[0].index, &alternatives, *action));
        } else {
            code.extend(all_of(tests, *action));
        }
        rest = &rest[alternatives.len().max(1)..];
    }
    code.push(ret(default));
    code
}

/// The low halves of values to which one argument is compared by the rules at the front, where these are alike but for
/// them: their tests then share the loads. At most as many as a jump can skip.
fn alternatives(rules: &[(Vec<Test>, Action)]) -> Vec<u32> {
    let single = |rule: &(Vec<Test>, Action)| match rule.0.as_slice() {
        [Test { index, op: Op::Eq, value }] => Some((*index, (value >> 32) as u32, *value as u32, rule.1)),
        _ => None,
    };
    let Some((index, high, _, action)) = rules.first().and_then(single) else { return Vec::new() };
    let alike = rules.iter().map_while(|rule| {
        single(rule).filter(|other| (other.0, other.1, other.3) == (index, high, action)).map(|other| other.2)
    });
    // The high half is the same in all: only zero occurs in practice, others are tested one by one.
    if high == 0 { alike.take(200).collect() } else { Vec::new() }
}

/// Code that does `action` where an argument is one of these 32-bit values, and else goes on behind itself.
fn any_of(index: u8, values: &[u32], action: Action) -> Vec<u64> {
    let count = values.len() as u8;
    let mut code = vec![op(LOAD, 0, 0, high(index)), op(JEQ, 0, count + 2, 0), op(LOAD, 0, 0, low(index))];
    for (n, &value) in values.iter().enumerate() {
        let left = count - 1 - n as u8;
        // The last one that does not match skips the return.
        code.push(op(JEQ, left, u8::from(left == 0), value));
    }
    code.push(ret(action));
    code
}

/// Code that does `action` where every test passes, and else goes on behind itself.
fn all_of(tests: &[Test], action: Action) -> Vec<u64> {
    // From the last test to the first, since a failing one jumps to the end.
    let mut code = vec![ret(action)];
    for test in tests.iter().rev() {
        let mut whole = test_code(test, code.len() as u8);
        whole.extend(code);
        code = whole;
    }
    code
}

/// Code that goes on behind itself where a test passes, and `skip` further where it fails.
fn test_code(test: &Test, skip: u8) -> Vec<u64> {
    let (value_high, value_low) = ((test.value >> 32) as u32, test.value as u32);
    let (load_high, load_low) = (op(LOAD, 0, 0, high(test.index)), op(LOAD, 0, 0, low(test.index)));
    // Orders compare the high halves first; where these are equal, the low ones decide.
    let order = |compare: u16, greater: u8, less: u8| {
        vec![
            load_high,
            op(JGT, greater + 3, 0, value_high),
            op(JEQ, 0, less + 2, value_high),
            load_low,
            op(compare, greater, less, value_low),
        ]
    };
    match test.op {
        Op::Eq => vec![load_high, op(JEQ, 0, skip + 2, value_high), load_low, op(JEQ, 0, skip, value_low)],
        Op::Ne => vec![load_high, op(JEQ, 0, 2, value_high), load_low, op(JEQ, skip, 0, value_low)],
        Op::Gt => order(JGT, 0, skip),
        Op::Ge => order(JGE, 0, skip),
        Op::Le => order(JGT, skip, 0),
        Op::Lt => order(JGE, skip, 0),
        Op::MaskedEq(mask) => vec![
            load_high,
            op(AND, 0, 0, (mask >> 32) as u32),
            op(JEQ, 0, skip + 3, value_high),
            load_low,
            op(AND, 0, 0, mask as u32),
            op(JEQ, 0, skip, value_low),
        ],
    }
}

/// Where an argument's upper half is: both architectures are little-endian.
fn high(index: u8) -> u32 {
    low(index) + 4
}

fn low(index: u8) -> u32 {
    ARGS + 8 * u32::from(index)
}

/// A binary search for the range of the number in the accumulator.
fn search(ranges: &[Range]) -> Vec<u64> {
    let [(_, code)] = ranges else {
        let (below, above) = ranges.split_at(ranges.len() / 2);
        let (start, below, above) = (above[0].0, search(below), search(above));
        // A conditional jump reaches 255 instructions, an unconditional one any.
        let mut code = match u8::try_from(below.len()) {
            Ok(distance) => vec![op(JGE, distance, 0, start)],
            Err(_) => vec![op(JGE, 0, 1, start), op(JUMP, 0, 0, below.len() as u32)],
        };
        code.extend(below);
        code.extend(above);
        return code;
    };
    code.clone()
}
