//! Go's `path.Match`: `*` and `?` within a path component, `[a-z]`, `[^a-z]`, `\` before a character that means itself.

/// Says whether a pattern fits the whole text. A malformed pattern fits nothing.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // Where to go back to: behind the last star, and the text that it has not taken yet.
    let mut retry = None;
    let (mut p, mut t) = (0, 0);
    loop {
        if pattern.get(p) == Some(&'*') {
            p += 1;
            retry = Some((p, t));
            continue;
        }
        if p == pattern.len() && t == text.len() {
            return true;
        }
        match text.get(t).and_then(|&c| one(&pattern[p..], c)) {
            Some(length) => (p, t) = (p + length, t + 1),
            None => match retry {
                Some((star, taken)) if text.get(taken).is_some_and(|&c| c != '/') => {
                    retry = Some((star, taken + 1));
                    (p, t) = (star, taken + 1);
                }
                _ => return false,
            },
        }
    }
}

/// Matches one character at a pattern's beginning and gives the length of what fits it.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => (c != '/').then_some(1),
        ['\\', literal, ..] => (*literal == c).then_some(2),
        ['[', rest @ ..] => class(rest, c).map(|length| length + 1),
        [literal, ..] => (*literal == c).then_some(1),
        [] => None,
    }
}

fn class(pattern: &[char], c: char) -> Option<usize> {
    let (negated, mut at) = if pattern.first() == Some(&'^') { (true, 1) } else { (false, 0) };
    let first = at;
    let mut fits = false;
    loop {
        match pattern[at..] {
            [']', ..] if at > first => return (fits != negated && c != '/').then_some(at + 1),
            [low, '-', high, ..] if high != ']' => {
                fits |= (low..=high).contains(&c);
                at += 3;
            }
            ['\\', literal, ..] => {
                fits |= literal == c;
                at += 2;
            }
            [literal, ..] => {
                fits |= literal == c;
                at += 1;
            }
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_as_go_does() {
        for (pattern, text, fits) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("*", "abc", true),
            ("*", "a/b", false),
            ("*/*", "a/b", true),
            ("a*c", "abbc", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*", "a", true),
            ("?", "/", false),
            ("busybox:1.*", "busybox:1.36", true),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[]x", "x", false),
            ("[a", "a", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("", "", true),
            ("", "a", false),
            ("**a", "bca", true),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }
}
