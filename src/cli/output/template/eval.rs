//! Runs a template's nodes over a value.

use serde_json::Value;

use super::{
    Error, Failure, functions,
    parse::{Base, Branch, Command, Node, Operand, Pipeline},
    value::{Datum, Shape},
};

/// What a template is applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Data,
    /// A table's headings, which functions leave alone.
    Headings,
}

/// Gives the text that the nodes make of a value.
pub(super) fn render(source: &str, nodes: &[Node], root: &Value, mode: Mode) -> Result<String, Error> {
    let dot = Datum { value: root.clone(), shape: Shape::Plain };
    let variables = vec![(String::new(), dot.clone())];
    let mut run = Run { source, mode, variables, out: String::new() };
    run.nodes(nodes, &dot)?;
    Ok(run.out)
}

/// What to do after a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

struct Run<'a> {
    source: &'a str,
    mode: Mode,
    /// Inner ones last; the first is `$`.
    variables: Vec<(String, Datum)>,
    out: String,
}

impl Run<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: &Datum) -> Result<Flow, Error> {
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn node(&mut self, node: &Node, dot: &Datum) -> Result<Flow, Error> {
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Print(pipeline) => {
                let value = self.pipeline(pipeline, dot)?;
                self.declare(pipeline, &value);
                if pipeline.variables.is_empty() {
                    self.out.push_str(&value.text());
                }
            }
            Node::If(branch) => return self.branch(branch, dot, false),
            Node::With(branch) => return self.branch(branch, dot, true),
            Node::Range(branch) => return self.range(branch, dot),
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn branch(&mut self, branch: &Branch, dot: &Datum, moves_dot: bool) -> Result<Flow, Error> {
        let scope = self.variables.len();
        let value = self.pipeline(&branch.pipeline, dot)?;
        self.declare(&branch.pipeline, &value);
        let flow = match value.is_true() {
            true => self.nodes(&branch.then, if moves_dot { &value } else { dot }),
            false => self.nodes(&branch.otherwise, dot),
        };
        self.variables.truncate(scope);
        flow
    }

    fn range(&mut self, branch: &Branch, dot: &Datum) -> Result<Flow, Error> {
        let scope = self.variables.len();
        let over = self.pipeline(&branch.pipeline, dot)?;
        let items = match items(over) {
            Ok(items) => items,
            Err(why) => return Err(self.fail(first_operand(&branch.pipeline), why.into())),
        };
        let flow = match items.is_empty() {
            true => self.nodes(&branch.otherwise, dot)?,
            false => Flow::On,
        };
        for (key, item) in items {
            match branch.pipeline.variables.as_slice() {
                [] => {}
                [one] => self.set(one, item.clone(), branch.pipeline.assigns),
                [index, one, ..] => {
                    self.set(index, key, branch.pipeline.assigns);
                    self.set(one, item.clone(), branch.pipeline.assigns);
                }
            }
            let flow = self.nodes(&branch.then, &item)?;
            self.variables.truncate(scope);
            if flow == Flow::Break {
                break;
            }
        }
        self.variables.truncate(scope);
        Ok(flow)
    }

    fn declare(&mut self, pipeline: &Pipeline, value: &Datum) {
        for name in &pipeline.variables {
            self.set(name, value.clone(), pipeline.assigns);
        }
    }

    fn set(&mut self, name: &str, value: Datum, assigns: bool) {
        match self.variables.iter_mut().rev().find(|(known, _)| assigns && known == name) {
            Some((_, slot)) => *slot = value,
            None => self.variables.push((name.to_owned(), value)),
        }
    }

    fn pipeline(&self, pipeline: &Pipeline, dot: &Datum) -> Result<Datum, Error> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, dot, value)?);
        }
        Ok(value.unwrap_or(Datum::NOTHING))
    }

    /// A command's value; `piped` is what the one before it gave, the last operand of this.
    fn command(&self, command: &Command, dot: &Datum, piped: Option<Datum>) -> Result<Datum, Error> {
        let (first, operands) = command.0.split_first().expect("the parser makes no empty command");
        if let Base::Function(function) = first.base {
            let value = self.call(function, first, operands, dot, piped)?;
            return value.fields(&first.fields).map_err(|failure| self.fail(first, failure));
        }
        let mut keys = Vec::new();
        for operand in operands {
            keys.push(self.operand(operand, dot)?);
        }
        keys.extend(piped);
        if keys.is_empty() { self.operand(first, dot) } else { self.method(first, &keys, dot) }
    }

    /// A field with operands. The only method that docker's rows have is `Label`, which looks one up by its name.
    fn method(&self, field: &Operand, keys: &[Datum], dot: &Datum) -> Result<Datum, Error> {
        let name = field.fields.last().map_or("", String::as_str);
        let (Shape::Strings, "Label", [key]) = (self.operand(field, dot)?.shape, name, keys) else {
            let why = format!("{name} has arguments but cannot be invoked as function");
            return Err(self.fail(field, why.into()));
        };
        if self.mode == Mode::Headings {
            return Ok(Datum::plain(heading_of_label(&key.text())));
        }
        self.operand(field, dot)?.element(&key.value).map_err(|why| self.fail(field, why.into()))
    }

    fn call(
        &self,
        function: &functions::Function,
        at: &Operand,
        operands: &[Operand],
        dot: &Datum,
        piped: Option<Datum>,
    ) -> Result<Datum, Error> {
        let count = operands.len() + usize::from(piped.is_some());
        if !function.takes(count) {
            let why =
                format!("wrong number of args for {}: want {} got {count}", function.name, function.wants());
            return Err(self.fail(at, why.into()));
        }
        let mut values = Vec::with_capacity(count);
        for operand in operands {
            let value = self.operand(operand, dot)?;
            // `and` and `or` look no further than they need.
            if function.decides_at == Some(value.is_true()) {
                return Ok(value);
            }
            values.push(value);
        }
        values.extend(piped);
        if self.mode == Mode::Headings && function.changes_text {
            return Ok(values.swap_remove(0));
        }
        (function.body)(&values)
            .map_err(|why| self.fail(at, format!("error calling {}: {why}", function.name).into()))
    }

    fn operand(&self, operand: &Operand, dot: &Datum) -> Result<Datum, Error> {
        let held;
        let base = match &operand.base {
            Base::Dot => dot,
            Base::Variable(name) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                found.map(|(_, value)| value).expect("the parser knows each variable")
            }
            Base::Nil => &Datum::NOTHING,
            Base::Literal(value) => {
                held = Datum::plain(value.clone());
                &held
            }
            Base::Group(pipeline) => {
                held = self.pipeline(pipeline, dot)?;
                &held
            }
            Base::Function(function) => {
                held = self.call(function, operand, &[], dot, None)?;
                &held
            }
        };
        base.fields(&operand.fields).map_err(|failure| self.fail(operand, failure))
    }

    fn fail(&self, operand: &Operand, failure: Failure) -> Error {
        Error::exec(self.source, operand.at, &operand.text, failure)
    }
}

/// docker heads a column of labels with the last part of the label's name.
fn heading_of_label(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).replace(['-', '_'], " ").to_uppercase()
}

fn first_operand(pipeline: &Pipeline) -> &Operand {
    &pipeline.commands[0].0[0]
}

/// What `range` goes over: a list by index, a map by key in order, a number by counting up to it.
fn items(over: Datum) -> Result<Vec<(Datum, Datum)>, String> {
    match over.value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => {
            Ok(items.into_iter().enumerate().map(|(i, item)| (Datum::plain(i), Datum::plain(item))).collect())
        }
        Value::Object(entries) => {
            Ok(entries.into_iter().map(|(key, item)| (Datum::plain(key), Datum::plain(item))).collect())
        }
        Value::Number(ref number) => match number.as_i64() {
            Some(number) if number > 1_000_000 => Err("range over too large a number".to_owned()),
            Some(number) => Ok((0..number).map(|i| (Datum::plain(i), Datum::plain(i))).collect()),
            None => Err(format!("range can't iterate over {}", over.text())),
        },
        _ => Err(format!("range can't iterate over {}", over.text())),
    }
}

/// Says whether a node may print this field of the root; a bare `.` may print them all.
pub(super) fn uses(node: &Node, field: &str) -> bool {
    let (pipeline, bodies): (_, [&[Node]; 2]) = match node {
        Node::Text(_) | Node::Break | Node::Continue => return false,
        Node::Print(pipeline) => (pipeline, [&[], &[]]),
        Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
            (&branch.pipeline, [&branch.then, &branch.otherwise])
        }
    };
    pipeline_uses(pipeline, field) || bodies.into_iter().flatten().any(|node| uses(node, field))
}

fn pipeline_uses(pipeline: &Pipeline, field: &str) -> bool {
    pipeline.commands.iter().flat_map(|command| &command.0).any(|operand| {
        match (&operand.base, &operand.fields) {
            (Base::Group(pipeline), _) => pipeline_uses(pipeline, field),
            (Base::Dot | Base::Variable(_), fields) => fields.first().is_none_or(|first| first == field),
            _ => false,
        }
    })
}
