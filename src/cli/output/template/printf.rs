//! Go's `fmt` verbs, for `print`, `println` and `printf`. <https://pkg.go.dev/fmt>

use serde_json::Value;

use super::value::{Datum, kind};

/// A space between two operands of which neither is a string.
pub(super) fn print(operands: &[Datum]) -> String {
    let mut out = String::new();
    for (index, operand) in operands.iter().enumerate() {
        let spaced = index > 0 && !operand.value.is_string() && !operands[index - 1].value.is_string();
        out.push_str(if spaced { " " } else { "" });
        out.push_str(&operand.text());
    }
    out
}

/// A space between all, and a line end.
pub(super) fn println(operands: &[Datum]) -> String {
    let texts: Vec<String> = operands.iter().map(Datum::text).collect();
    texts.join(" ") + "\n"
}

/// One `%[flags][width][.precision]verb`.
#[derive(Debug, Default)]
struct Spec {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Wider than any line.
const WIDEST: usize = 10_000;

/// Formats the operands. A mistake shows in the text, as it does in Go.
pub(super) fn printf(format: &str, operands: &[Datum]) -> String {
    let mut out = String::new();
    let mut operands = operands.iter();
    let mut rest = format;
    while let Some((text, spec)) = rest.split_once('%') {
        out.push_str(text);
        let mut characters = spec.chars();
        let spec = read_spec(&mut characters, &mut operands);
        match characters.next() {
            None => out.push_str("%!(NOVERB)"),
            Some('%') => out.push('%'),
            Some(verb) => match operands.next() {
                Some(operand) => out.push_str(&one(&spec, verb, operand)),
                None => out.push_str(&format!("%!{verb}(MISSING)")),
            },
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    let extra: Vec<String> = operands.map(|o| format!("{}={}", kind(&o.value), o.text())).collect();
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    out
}

fn read_spec<'a>(
    characters: &mut std::str::Chars<'_>,
    operands: &mut impl Iterator<Item = &'a Datum>,
) -> Spec {
    let mut spec = Spec::default();
    loop {
        match characters.as_str().chars().next() {
            Some('-') => spec.minus = true,
            Some('+') => spec.plus = true,
            Some('#') => spec.sharp = true,
            Some(' ') => spec.space = true,
            Some('0') => spec.zero = true,
            _ => break,
        }
        characters.next();
    }
    spec.width = read_number(characters, operands);
    if characters.as_str().starts_with('.') {
        characters.next();
        spec.precision = Some(read_number(characters, operands).unwrap_or(0));
    }
    spec
}

/// A number, or `*` for the next operand.
fn read_number<'a>(
    characters: &mut std::str::Chars<'_>,
    operands: &mut impl Iterator<Item = &'a Datum>,
) -> Option<usize> {
    if characters.as_str().starts_with('*') {
        characters.next();
        let number = operands.next()?.value.as_u64()?;
        return usize::try_from(number).ok().map(|number| number.min(WIDEST));
    }
    let mut number = None;
    while let Some(digit) = characters.as_str().chars().next().and_then(|c| c.to_digit(10)) {
        number = Some((number.unwrap_or(0) * 10 + digit as usize).min(WIDEST));
        characters.next();
    }
    number
}

fn one(spec: &Spec, verb: char, operand: &Datum) -> String {
    let text = match (verb, &operand.value) {
        ('v', Value::String(text)) if spec.sharp => quoted(text),
        ('v' | 's', Value::String(text)) => cut(text, spec.precision),
        ('v', _) => operand.text(),
        ('s', Value::Array(_) | Value::Object(_)) => operand.text(),
        ('q', Value::String(text)) => quoted(&cut(text, spec.precision)),
        ('q', Value::Array(items)) => {
            let items: Vec<String> =
                items.iter().map(|item| one(&Spec::default(), 'q', &Datum::plain(item.clone()))).collect();
            format!("[{}]", items.join(" "))
        }
        ('x' | 'X', Value::String(text)) => {
            let hex = crate::base::digest::to_hex(text.as_bytes());
            if verb == 'X' { hex.to_uppercase() } else { hex }
        }
        ('t', Value::Bool(value)) => value.to_string(),
        ('d' | 'x' | 'X' | 'o' | 'b' | 'c' | 'U' | 'q', Value::Number(number)) if !number.is_f64() => {
            integer(spec, verb, number.as_i128().unwrap_or_default())
        }
        ('f' | 'F' | 'e' | 'g', Value::Number(number)) if number.is_f64() => {
            float(spec, verb, number.as_f64().unwrap_or_default())
        }
        _ => format!("%!{verb}({}={})", kind(&operand.value), operand.text()),
    };
    padded(spec, text, operand.value.is_number() && verb != 'c' && verb != 'q')
}

fn integer(spec: &Spec, verb: char, number: i128) -> String {
    let character = || u32::try_from(number).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
    let digits = number.unsigned_abs();
    let digits = match verb {
        'c' => return character().to_string(),
        'q' => return format!("{:?}", character()),
        'U' => return format!("U+{digits:04X}"),
        'x' => format!("{}{digits:x}", if spec.sharp { "0x" } else { "" }),
        'X' => format!("{}{digits:X}", if spec.sharp { "0X" } else { "" }),
        'o' => format!("{}{digits:o}", if spec.sharp { "0" } else { "" }),
        'b' => format!("{digits:b}"),
        _ => digits.to_string(),
    };
    format!("{}{digits}", sign(spec, number < 0))
}

fn float(spec: &Spec, verb: char, number: f64) -> String {
    let digits = match verb {
        'e' => exponent(number.abs(), spec.precision.unwrap_or(6)),
        'g' => number.abs().to_string(),
        _ => format!("{:.*}", spec.precision.unwrap_or(6), number.abs()),
    };
    format!("{}{digits}", sign(spec, number.is_sign_negative()))
}

/// Go writes at least two digits of exponent, with a sign.
fn exponent(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>2}")
}

fn sign(spec: &Spec, negative: bool) -> &'static str {
    match (negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (.., true) => " ",
        _ => "",
    }
}

fn cut(text: &str, precision: Option<usize>) -> String {
    precision.map_or_else(|| text.to_owned(), |precision| text.chars().take(precision).collect())
}

/// A Go string literal.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

/// Fills up to the width: with zeros after the sign of a number, else with spaces.
fn padded(spec: &Spec, text: String, is_number: bool) -> String {
    let missing = spec.width.unwrap_or(0).saturating_sub(text.chars().count());
    if missing == 0 {
        return text;
    }
    if spec.minus {
        return text + &" ".repeat(missing);
    }
    if spec.zero && is_number {
        let digits = text.trim_start_matches(['-', '+', ' ']);
        let sign = &text[..text.len() - digits.len()];
        return format!("{sign}{}{digits}", "0".repeat(missing));
    }
    " ".repeat(missing) + &text
}
