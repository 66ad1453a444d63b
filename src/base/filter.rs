//! `--filter KEY=VALUE`, as docker's listings and prunes take it.

use std::collections::BTreeMap;

use regex_lite::Regex;

/// One `--filter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// In lower case; `label!` for `label!=…`.
    pub key: String,
    pub value: String,
}

/// Reads `key=value`.
pub fn parse(text: &str) -> Result<Filter, String> {
    let (key, value) = text.split_once('=').ok_or("bad format of filter (expected name=value)")?;
    Ok(Filter { key: key.trim().to_ascii_lowercase(), value: value.trim().to_owned() })
}

/// All filters of a command. Those with the same key are alternatives, different keys must all hold.
#[derive(Debug, Clone, Default)]
pub struct Filters(Vec<Filter>);

impl Filters {
    /// Checks that the command knows each key.
    pub fn new(filters: Vec<Filter>, known: &[&str]) -> Result<Self, String> {
        match filters.iter().find(|filter| !known.contains(&filter.key.as_str())) {
            Some(Filter { key, .. }) => {
                Err(format!("invalid filter '{key}': must be one of {}", known.join(", ")))
            }
            None => Ok(Filters(filters)),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, key: &str) -> bool {
        self.values(key).next().is_some()
    }

    /// The values given for a key.
    pub fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |filter| filter.key == key).map(|filter| filter.value.as_str())
    }

    /// Says whether the key was not given, or one of its values is as wanted.
    pub fn admits(&self, key: &str, matches: impl FnMut(&str) -> bool) -> bool {
        !self.contains(key) || self.values(key).any(matches)
    }

    /// The value of a yes-or-no key: `dangling=true`.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>, String> {
        let Some(value) = self.values(key).last() else { return Ok(None) };
        match value {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(format!("invalid filter '{key}={value}': must be true or false")),
        }
    }

    /// Says whether every `label=NAME[=VALUE]` is among `labels`, and no `label!=` is.
    pub fn admits_labels(&self, labels: &BTreeMap<String, String>) -> bool {
        self.values("label").all(|wanted| has_label(labels, wanted))
            && !self.values("label!").any(|unwanted| has_label(labels, unwanted))
    }
}

/// The values of `name=…`: regular expressions, as docker has them.
#[derive(Debug)]
pub struct Names(Vec<Regex>);

impl Names {
    /// Reads them; the error names the one that is none.
    pub fn of(filters: &Filters) -> Result<Names, String> {
        let read =
            |text: &str| Regex::new(text).map_err(|error| format!("invalid filter 'name={text}': {error}"));
        filters.values("name").map(read).collect::<Result<_, _>>().map(Names)
    }

    /// Says whether one of them fits, or there is none.
    pub fn admit(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|wanted| wanted.is_match(name))
    }
}

fn has_label(labels: &BTreeMap<String, String>, wanted: &str) -> bool {
    match wanted.split_once('=') {
        Some((name, value)) => labels.get(name).is_some_and(|found| found == value),
        None => labels.contains_key(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(texts: &[&str]) -> Filters {
        let known = ["name", "status", "label", "label!", "dangling"];
        Filters::new(texts.iter().map(|text| parse(text).unwrap()).collect(), &known).unwrap()
    }

    #[test]
    fn same_keys_are_alternatives_and_different_ones_add_up() {
        let both = filters(&["STATUS=running", "status=exited", "name = web=1 "]);
        assert!(both.admits("status", |s| s == "exited"));
        assert!(!both.admits("status", |s| s == "created"));
        assert!(both.admits("name", |s| s == "web=1"));
        assert!(both.admits("label", |_| false), "not given");
    }

    #[test]
    fn labels_must_all_match() {
        let labels = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())]);
        for (texts, want) in [
            (&["label=a"][..], true),
            (&["label=a=1", "label=b"], true),
            (&["label=a=2"], false),
            (&["label=a", "label=c"], false),
            (&["label!=a"], false),
            (&["label!=a=2"], true),
            (&["label=b="], true),
        ] {
            assert_eq!(filters(texts).admits_labels(&labels), want, "{texts:?}");
        }
    }

    #[test]
    fn names_are_regular_expressions() {
        for (wanted, fits) in [
            ("web", true),
            ("eb-1", true),
            ("^eb", false),
            ("^web-1$", true),
            ("^web$", false),
            ("^(web|db)-[0-9]$", true),
            ("", true),
        ] {
            assert_eq!(
                Names::of(&filters(&[&format!("name={wanted}")])).unwrap().admit("web-1"),
                fits,
                "{wanted}"
            );
        }
        assert!(Names::of(&filters(&[])).unwrap().admit("any"));
        let error = Names::of(&filters(&["name=("])).unwrap_err();
        assert!(error.starts_with("invalid filter 'name=(': "), "{error}");
    }

    #[test]
    fn errors_say_what_is_valid() {
        assert_eq!(parse("name"), Err("bad format of filter (expected name=value)".to_owned()));
        let unknown = Filters::new(vec![parse("nope=1").unwrap()], &["id", "name"]);
        assert_eq!(unknown.unwrap_err(), "invalid filter 'nope': must be one of id, name");
        assert_eq!(filters(&["dangling=1"]).boolean("dangling"), Ok(Some(true)));
        assert!(filters(&["dangling=maybe"]).boolean("dangling").is_err());
    }
}
