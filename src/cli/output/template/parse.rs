//! From tokens to a tree of nodes.

use serde_json::Value;

use super::{
    Error, functions,
    lex::{self, Kind, Token},
};

#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    Print(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    Break,
    Continue,
}

/// A pipeline that decides, what to do if it is true, and what otherwise.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) pipeline: Pipeline,
    pub(super) then: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// `$a, $b := command | command`
#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    pub(super) variables: Vec<String>,
    /// `=` instead of `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

/// An operand, or a function and its operands.
#[derive(Debug, Clone)]
pub(super) struct Command(pub(super) Vec<Operand>);

#[derive(Debug, Clone)]
pub(super) struct Operand {
    pub(super) base: Base,
    /// `.A.B` after it.
    pub(super) fields: Vec<String>,
    /// For messages: where it begins, and its text.
    pub(super) at: usize,
    pub(super) text: String,
}

#[derive(Debug, Clone)]
pub(super) enum Base {
    Dot,
    Nil,
    Literal(Value),
    /// The empty name is `$`.
    Variable(String),
    Function(&'static functions::Function),
    Group(Box<Pipeline>),
}

/// Parses a template.
pub(super) fn parse(source: &str) -> Result<Vec<Node>, Error> {
    let tokens = lex::tokens(source)?;
    let mut parser = Parser { source, tokens, next: 0, variables: vec![String::new()], depth: 0, loops: 0 };
    let (nodes, end) = parser.nodes()?;
    match end {
        Stop::Input => Ok(nodes),
        Stop::Else => parser.error("unexpected {{else}}"),
        Stop::End => parser.error("unexpected {{end}}"),
    }
}

/// Deeper nesting than anyone writes, and less than the stack holds.
const MAX_DEPTH: u32 = 100;

/// What ended a list of nodes.
#[derive(PartialEq)]
enum Stop {
    Input,
    Else,
    End,
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    next: usize,
    /// The names declared so far; using another is an error.
    variables: Vec<String>,
    depth: u32,
    loops: u32,
}

impl Parser<'_> {
    fn error<T>(&self, message: impl Into<String>) -> Result<T, Error> {
        let at = self.tokens.get(self.next.saturating_sub(1)).map_or(self.source.len(), |token| token.at);
        Err(Error::parse(self.source, at, message))
    }

    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn take_if(&mut self, kind: &Kind) -> bool {
        let same = self.peek() == Some(kind);
        self.next += usize::from(same);
        same
    }

    fn take_word(&mut self, word: &str) -> bool {
        let same = matches!(self.peek(), Some(Kind::Word(found)) if found == word);
        self.next += usize::from(same);
        same
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.error("nested too deeply");
        }
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// Nodes up to `{{end}}`, `{{else` or the end of the template.
    fn nodes(&mut self) -> Result<(Vec<Node>, Stop), Error> {
        let mut nodes = Vec::new();
        while let Some(token) = self.take() {
            match token.kind {
                Kind::Text(text) => nodes.push(Node::Text(text)),
                _ if self.take_word("end") => {
                    self.close("end")?;
                    return Ok((nodes, Stop::End));
                }
                _ if self.take_word("else") => return Ok((nodes, Stop::Else)),
                _ => nodes.extend(self.action()?),
            }
        }
        Ok((nodes, Stop::Input))
    }

    /// What follows `{{`.
    fn action(&mut self) -> Result<Option<Node>, Error> {
        let word = match self.peek() {
            Some(Kind::Word(word)) => word.clone(),
            _ => String::new(),
        };
        match word.as_str() {
            "if" => self.branch("if").map(|branch| Some(Node::If(branch))),
            "with" => self.branch("with").map(|branch| Some(Node::With(branch))),
            "range" => self.branch("range").map(|branch| Some(Node::Range(branch))),
            "break" | "continue" => {
                self.next += 1;
                if self.loops == 0 {
                    return self.error(format!("{{{{{word}}}}} outside {{{{range}}}}"));
                }
                self.close(&word)?;
                Ok(Some(if word == "break" { Node::Break } else { Node::Continue }))
            }
            "define" | "template" | "block" => self.error(format!("{word} is not supported")),
            _ => {
                let pipeline = self.pipeline("command")?;
                self.close("command")?;
                Ok(Some(Node::Print(pipeline)))
            }
        }
    }

    fn close(&mut self, context: &str) -> Result<(), Error> {
        match self.take() {
            Some(Token { kind: Kind::Close, .. }) => Ok(()),
            Some(token) => {
                let text = &self.source[token.at..token.end];
                self.error(format!("unexpected {text:?} in {context}"))
            }
            None => self.error("unclosed action"),
        }
    }

    /// `if PIPELINE}} … {{else}} … {{end}}`, and the same for `with` and `range`.
    fn branch(&mut self, word: &'static str) -> Result<Branch, Error> {
        self.next += 1;
        self.deeper(|parser| {
            let scope = parser.variables.len();
            let pipeline = parser.pipeline(word)?;
            parser.close(word)?;
            parser.loops += u32::from(word == "range");
            let (then, end) = parser.nodes()?;
            parser.loops -= u32::from(word == "range");
            let otherwise = match end {
                Stop::Else => parser.otherwise(word)?,
                Stop::End => Vec::new(),
                Stop::Input => return parser.error("unexpected EOF"),
            };
            parser.variables.truncate(scope);
            Ok(Branch { pipeline, then, otherwise })
        })
    }

    /// What follows `{{else`: a further condition, or the rest up to `{{end}}`.
    fn otherwise(&mut self, word: &'static str) -> Result<Vec<Node>, Error> {
        let repeats = matches!(self.peek(), Some(Kind::Word(next)) if next == word);
        if repeats && word != "range" {
            let branch = self.branch(word)?;
            return Ok(vec![if word == "if" { Node::If(branch) } else { Node::With(branch) }]);
        }
        self.close("else")?;
        match self.nodes()? {
            (nodes, Stop::End) => Ok(nodes),
            (_, Stop::Else) => self.error("expected end; found {{else}}"),
            (_, Stop::Input) => self.error("unexpected EOF"),
        }
    }

    fn pipeline(&mut self, context: &str) -> Result<Pipeline, Error> {
        let (variables, assigns) = self.declarations(context)?;
        let mut commands = vec![self.command(context)?];
        while self.take_if(&Kind::Pipe) {
            let command = self.command(context)?;
            commands.push(command);
            if !may_be_called(&commands[commands.len() - 1].0[0]) {
                return self.error(format!("non executable command in pipeline stage {}", commands.len()));
            }
        }
        // A variable is known after the pipeline that gives its value.
        if !assigns {
            self.variables.extend(variables.iter().cloned());
        }
        Ok(Pipeline { variables, assigns, commands })
    }

    /// `$x :=`, `$x =`, and for range `$i, $x :=`.
    fn declarations(&mut self, context: &str) -> Result<(Vec<String>, bool), Error> {
        let start = self.next;
        let mut names = Vec::new();
        while let Some(Kind::Variable(name)) = self.peek() {
            names.push(name.clone());
            self.next += 1;
            if !(context == "range" && names.len() == 1 && self.take_if(&Kind::Comma)) {
                break;
            }
        }
        let declares = !names.is_empty() && self.take_if(&Kind::Declare);
        let assigns = !declares && !names.is_empty() && self.take_if(&Kind::Assign);
        if !declares && !assigns {
            self.next = start;
            return Ok((Vec::new(), false));
        }
        match names.iter().find(|name| name.is_empty() || assigns && !self.variables.contains(name)) {
            Some(name) => self.error(format!("undefined variable \"${name}\"")),
            None => Ok((names, assigns)),
        }
    }

    fn command(&mut self, context: &str) -> Result<Command, Error> {
        let mut operands = Vec::new();
        while !matches!(self.peek(), None | Some(Kind::Close | Kind::Pipe | Kind::CloseParen)) {
            operands.push(self.operand(context)?);
        }
        match operands.first() {
            None => self.error(format!("missing value for {context}")),
            Some(first) if operands.len() > 1 && !may_be_called(first) => {
                self.error(format!("can't give argument to non-function {}", first.text))
            }
            Some(_) => Ok(Command(operands)),
        }
    }

    fn operand(&mut self, context: &str) -> Result<Operand, Error> {
        let Some(token) = self.take() else { return self.error("unclosed action") };
        let mut fields = Vec::new();
        let base = match token.kind {
            Kind::Dot => Base::Dot,
            Kind::Field(name) => {
                fields.push(name);
                Base::Dot
            }
            Kind::Variable(name) if self.variables.contains(&name) => Base::Variable(name),
            Kind::Variable(name) => return self.error(format!("undefined variable \"${name}\"")),
            Kind::Integer(number) => Base::Literal(number.into()),
            Kind::Float(number) => Base::Literal(number.into()),
            Kind::Quoted(text) => Base::Literal(text.into()),
            Kind::Word(word) => self.word(&word)?,
            Kind::OpenParen => {
                let pipeline = self.deeper(|parser| parser.pipeline("parenthesized pipeline"))?;
                if !self.take_if(&Kind::CloseParen) {
                    self.next += 1;
                    return self.error("unclosed left paren");
                }
                Base::Group(Box::new(pipeline))
            }
            _ => {
                let text = &self.source[token.at..token.end];
                return self.error(format!("unexpected {text:?} in {context}"));
            }
        };
        let end = self.adjoining_fields(&mut fields);
        let text = self.source[token.at..end].to_owned();
        if !fields.is_empty() && matches!(base, Base::Literal(_) | Base::Nil) {
            return self.error(format!("unexpected . after term {text:?}"));
        }
        Ok(Operand { base, fields, at: token.at, text })
    }

    /// Fields that follow without a space belong to the operand. Gives where it ends.
    fn adjoining_fields(&mut self, fields: &mut Vec<String>) -> usize {
        let mut end = self.tokens[self.next - 1].end;
        while let Some(Token { kind: Kind::Field(name), at, end: field_end }) = self.tokens.get(self.next) {
            if *at != end {
                break;
            }
            fields.push(name.clone());
            end = *field_end;
            self.next += 1;
        }
        end
    }

    fn word(&self, word: &str) -> Result<Base, Error> {
        match word {
            "true" => Ok(Base::Literal(Value::Bool(true))),
            "false" => Ok(Base::Literal(Value::Bool(false))),
            "nil" => Ok(Base::Nil),
            _ => match functions::find(word) {
                Some(function) => Ok(Base::Function(function)),
                None => self.error(format!("function {word:?} not defined")),
            },
        }
    }
}

/// Functions take operands, and so do fields, which may be methods (`.Label "name"`).
fn may_be_called(operand: &Operand) -> bool {
    matches!(operand.base, Base::Function(_)) || !operand.fields.is_empty()
}
