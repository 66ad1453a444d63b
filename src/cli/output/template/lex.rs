//! From a template's text to tokens. Go's rules: text outside `{{ }}`, `{{- ` and ` -}}` trim the white space beside
//! them, `{{/* … */}}` is a comment.

use super::Error;

/// A token and where it begins, as a byte offset.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
    /// Where it ends.
    pub(super) end: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Text(String),
    /// `{{`
    Open,
    /// `}}`
    Close,
    /// A keyword or a function's name.
    Word(String),
    /// `.Name`
    Field(String),
    /// `.`
    Dot,
    /// `$name`, or the empty name for `$`.
    Variable(String),
    Integer(i64),
    Float(f64),
    Quoted(String),
    Pipe,
    Comma,
    Declare,
    Assign,
    OpenParen,
    CloseParen,
}

/// Splits a template into tokens.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, Error> {
    let mut lexer = Lexer { source, at: 0, tokens: Vec::new(), trim_next: false };
    while lexer.at < source.len() {
        lexer.text();
        if lexer.at < source.len() {
            lexer.action()?;
        }
    }
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    tokens: Vec<Token>,
    /// The last action ended with ` -}}`.
    trim_next: bool,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn push(&mut self, kind: Kind, length: usize) {
        self.tokens.push(Token { kind, at: self.at, end: self.at + length });
        self.at += length;
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, Error> {
        Err(Error::parse(self.source, self.at, message))
    }

    /// Takes the text up to the next action.
    fn text(&mut self) {
        let rest = self.rest();
        let length = rest.find("{{").unwrap_or(rest.len());
        let mut text = &rest[..length];
        if self.trim_next {
            text = text.trim_start_matches(is_space);
        }
        let action = &rest[length..];
        if action.starts_with("{{-") && action[3..].starts_with(is_space) {
            text = text.trim_end_matches(is_space);
        }
        if text.is_empty() {
            self.at += length;
        } else {
            // A shell leaves `\t` as two characters; docker takes it for a tab all the same.
            self.push(Kind::Text(text.replace("\\t", "\t").replace("\\n", "\n")), length);
        }
    }

    /// Takes one action from `{{` to `}}`.
    fn action(&mut self) -> Result<(), Error> {
        let opened = self.at;
        let trims = self.rest()[2..].starts_with('-') && self.rest()[3..].starts_with(is_space);
        let open = if trims { 3 } else { 2 };
        if self.rest()[open..].trim_start_matches(is_space).starts_with("/*") {
            return self.comment();
        }
        self.push(Kind::Open, open);
        loop {
            let rest = self.rest();
            let inner = rest.trim_start_matches(is_space);
            let spaced = inner.len() < rest.len();
            self.at += rest.len() - inner.len();
            self.trim_next = spaced && inner.starts_with("-}}");
            if self.trim_next {
                self.push(Kind::Close, 3);
                return Ok(());
            }
            if inner.starts_with("}}") {
                self.push(Kind::Close, 2);
                return Ok(());
            }
            if inner.is_empty() {
                self.at = opened;
                return self.error("unclosed action");
            }
            self.token(inner)?;
        }
    }

    fn comment(&mut self) -> Result<(), Error> {
        let rest = self.rest();
        let Some(end) = rest.find("*/") else { return self.error("unclosed comment") };
        let after = &rest[end + 2..];
        let close = after.trim_start_matches(is_space);
        let length = if close.len() < after.len() && close.starts_with("-}}") {
            self.trim_next = true;
            3
        } else if after.starts_with("}}") {
            self.trim_next = false;
            2
        } else {
            return self.error("comment ends before closing delimiter");
        };
        self.at = self.source.len() - close.len() + length;
        Ok(())
    }

    /// Takes one token of an action; `rest` begins with it.
    fn token(&mut self, rest: &str) -> Result<(), Error> {
        let first = rest.chars().next().expect("the caller saw that there is more");
        match first {
            '|' => self.push(Kind::Pipe, 1),
            ',' => self.push(Kind::Comma, 1),
            '(' => self.push(Kind::OpenParen, 1),
            ')' => self.push(Kind::CloseParen, 1),
            ':' if rest.starts_with(":=") => self.push(Kind::Declare, 2),
            '=' => self.push(Kind::Assign, 1),
            '"' => return self.quoted(rest),
            '`' => return self.raw(rest),
            '\'' => return self.character(rest),
            '$' => {
                let name = word(&rest[1..]);
                self.push(Kind::Variable(name.to_owned()), 1 + name.len());
            }
            '.' if !rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                let name = word(&rest[1..]);
                let kind = if name.is_empty() { Kind::Dot } else { Kind::Field(name.to_owned()) };
                self.push(kind, 1 + name.len());
            }
            '+' | '-' | '.' | '0'..='9' => return self.number(rest),
            _ if is_word(first) => {
                let name = word(rest);
                self.push(Kind::Word(name.to_owned()), name.len());
            }
            other => return self.error(format!("unexpected {other:?} in action")),
        }
        Ok(())
    }

    fn quoted(&mut self, rest: &str) -> Result<(), Error> {
        match unquote(&rest[1..], '"') {
            Some((text, length)) => self.push(Kind::Quoted(text), length + 1),
            None => return self.error("unterminated quoted string"),
        }
        Ok(())
    }

    fn raw(&mut self, rest: &str) -> Result<(), Error> {
        match rest[1..].find('`') {
            Some(length) => self.push(Kind::Quoted(rest[1..=length].to_owned()), length + 2),
            None => return self.error("unterminated raw quoted string"),
        }
        Ok(())
    }

    /// A character constant is its number.
    fn character(&mut self, rest: &str) -> Result<(), Error> {
        match unquote(&rest[1..], '\'') {
            Some((text, length)) if text.chars().count() == 1 => {
                let number = text.chars().next().map_or(0, |c| i64::from(u32::from(c)));
                self.push(Kind::Integer(number), length + 1);
            }
            _ => return self.error("malformed character constant"),
        }
        Ok(())
    }

    fn number(&mut self, rest: &str) -> Result<(), Error> {
        let is_part = |(index, c): (usize, char)| {
            let sign = matches!(c, '+' | '-') && (index == 0 || rest[..index].ends_with(['e', 'E']));
            sign || c.is_ascii_alphanumeric() || c == '.' || c == '_'
        };
        let length = rest.char_indices().find(|part| !is_part(*part)).map_or(rest.len(), |(index, _)| index);
        let text = &rest[..length];
        match (integer(text), text.parse()) {
            (Some(number), _) => self.push(Kind::Integer(number), length),
            (None, Ok(number)) if text.ends_with(|c: char| c.is_ascii_digit() || c == '.') => {
                self.push(Kind::Float(number), length);
            }
            _ => return self.error(format!("bad number syntax: {text:?}")),
        }
        Ok(())
    }
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text).replace('_', "");
    let lower = digits.to_ascii_lowercase();
    let number = match lower.get(..2) {
        Some("0x") => i64::from_str_radix(&lower[2..], 16),
        Some("0o") => i64::from_str_radix(&lower[2..], 8),
        Some("0b") => i64::from_str_radix(&lower[2..], 2),
        _ => lower.parse(),
    };
    let number = number.ok()?;
    Some(if text.starts_with('-') { -number } else { number })
}

/// Reads up to the closing quote and resolves Go's escapes; gives the text and how many bytes it took with the quote.
fn unquote(text: &str, quote: char) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '\n' => return None,
            c if c == quote => return Some((out, index + c.len_utf8())),
            '\\' => {
                let (_, escape) = characters.next()?;
                out.push(match escape {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'a' => '\x07',
                    'b' => '\x08',
                    'f' => '\x0c',
                    'v' => '\x0b',
                    '\\' | '"' | '\'' => escape,
                    'x' => code(&mut characters, 2, 16)?,
                    'u' => code(&mut characters, 4, 16)?,
                    'U' => code(&mut characters, 8, 16)?,
                    _ => return None,
                });
            }
            c => out.push(c),
        }
    }
    None
}

fn code(characters: &mut std::str::CharIndices<'_>, digits: usize, radix: u32) -> Option<char> {
    let mut value = 0u32;
    for _ in 0..digits {
        value = value.checked_mul(radix)? + characters.next()?.1.to_digit(radix)?;
    }
    char::from_u32(value)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn word(text: &str) -> &str {
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}
