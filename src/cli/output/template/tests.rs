//! What docker's templates print, and Go's errors.

use serde_json::json;

use super::*;

fn document() -> Value {
    json!({
        "Id": "abc123", "Name": "/web", "Created": 1.5, "Size": 1234, "Zero": 0, "Empty": "",
        "State": {"Status": "running", "Running": true, "Pid": 42, "Health": null},
        "Config": {"Cmd": ["sh", "-c", "true"], "Entrypoint": null, "Env": ["A=1", "B=2"],
                   "Labels": {"com.example.role": "db", "plain": "x"}, "Volumes": null},
        "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "10.0.0.2"}, "other": {"IPAddress": "10.1.0.2"}}},
        "Mounts": [{"Source": "/a", "RW": true}, {"Source": "/b", "RW": false}],
    })
}

fn render(template: &str) -> Result<String, String> {
    Template::parse(template)
        .and_then(|template| template.render(&document()))
        .map_err(|error| error.to_string())
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (template, want) in cases {
        assert_eq!(render(template).as_deref(), Ok(*want), "{template}");
    }
}

#[test]
fn text_and_trimming() {
    check(&[
        ("", ""),
        ("plain }} text", "plain }} text"),
        ("a {{- .Id -}} b", "aabc123b"),
        ("a\n\t{{- .Id}} b", "aabc123 b"),
        ("a {{.Id -}}\n b", "a abc123b"),
        ("{{/* nothing */}}x", "x"),
        ("a {{- /* trims */ -}} b", "ab"),
        (r#"{{.Id}}\t{{.Name}}\n{{print "\n"}}"#, "abc123\t/web\n\n"),
        ("{{3 -}} x", "3x"),
        ("{{-3}}", "-3"),
        ("{{ .Id }}\t{{.Name}}", "abc123\t/web"),
    ]);
}

#[test]
fn fields_and_printing() {
    check(&[
        ("{{.Id}}", "abc123"),
        ("{{.State.Status}}", "running"),
        ("{{$.State.Pid}}", "42"),
        ("{{(.State).Pid}}", "42"),
        ("{{.Created}}", "1.5"),
        ("{{.State.Running}}", "true"),
        ("{{.State.Health}}", "<no value>"),
        ("{{.Config.Cmd}}", "[sh -c true]"),
        ("{{.Config.Entrypoint}}", "[]"),
        ("{{.Config.Volumes}}", "map[]"),
        ("{{.Config.Labels}}", "map[com.example.role:db plain:x]"),
        ("{{.Config.Labels.plain}}", "x"),
        ("{{.Config.Labels.missing}}", "<no value>"),
        ("{{.Mounts}}", "[map[RW:true Source:/a] map[RW:false Source:/b]]"),
        ("{{true}} {{1.50}} {{0x10}} {{'a'}} {{\"q\\t\\u00e9\"}} {{`r\\aw`}}", "true 1.5 16 97 q\té r\\aw"),
    ]);
}

#[test]
fn pipelines_and_variables() {
    check(&[
        ("{{.Name | upper}}", "/WEB"),
        ("{{.Id | printf \"%s-%s\" \"x\"}}", "x-abc123"),
        ("{{json .Config.Cmd}}", r#"["sh","-c","true"]"#),
        ("{{.State.Health | json}}", "null"),
        ("{{$x := .Id}}{{$x}}", "abc123"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ("{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"),
        ("{{with $s := .State}}{{$s.Pid}}{{.Status}}{{$.Id}}{{end}}", "42runningabc123"),
        ("{{len (split .Name \"/\")}}", "2"),
        ("{{(index .Mounts 0).Source}}", "/a"),
    ]);
}

#[test]
fn conditions() {
    check(&[
        ("{{if .State.Running}}up{{else}}down{{end}}", "up"),
        ("{{if .Zero}}a{{else if .Empty}}b{{else if eq .Size 1234}}c{{else}}d{{end}}", "c"),
        ("{{if not .State.Health}}none{{end}}", "none"),
        ("{{if and .State.Running (gt .Size 1000)}}big{{end}}", "big"),
        ("{{or .Empty \"default\"}}", "default"),
        ("{{and .Empty .Nope}}", ""),
        ("{{with .State.Health}}{{.Status}}{{else}}no health{{end}}", "no health"),
        ("{{with .Empty}}a{{else with .Id}}{{.}}{{end}}", "abc123"),
        (
            "{{eq .Id \"x\" \"abc123\"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt \"b\" \"a\"}} {{ge 1 2}}",
            "true true true true true false",
        ),
    ]);
}

#[test]
fn ranges() {
    check(&[
        ("{{range .Config.Env}}{{.}};{{end}}", "A=1;B=2;"),
        ("{{range $i, $e := .Config.Env}}{{$i}}:{{$e}} {{end}}", "0:A=1 1:B=2 "),
        (
            "{{range $name, $net := .NetworkSettings.Networks}}{{$name}}={{$net.IPAddress}} {{end}}",
            "bridge=10.0.0.2 other=10.1.0.2 ",
        ),
        ("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "10.0.0.210.1.0.2"),
        ("{{range .Config.Entrypoint}}x{{else}}empty{{end}}", "empty"),
        ("{{range .Mounts}}{{if .RW}}{{.Source}}{{end}}{{end}}", "/a"),
        ("{{range $m := .Mounts}}{{$m.Source}}{{$.Id}}{{end}}", "/aabc123/babc123"),
        ("{{range 3}}{{.}}{{end}}", "012"),
        ("{{range $i, $e := .Config.Cmd}}{{if eq $i 1}}{{continue}}{{end}}{{$e}}{{end}}", "shtrue"),
        ("{{range .Config.Cmd}}{{if eq . \"-c\"}}{{break}}{{end}}{{.}}{{end}}", "sh"),
    ]);
}

#[test]
fn functions() {
    check(&[
        ("{{join .Config.Cmd \",\"}}", "sh,-c,true"),
        ("{{upper .Id}} {{lower \"ABC\"}} {{title \"hello big-world\"}}", "ABC123 abc Hello Big-World"),
        ("{{split \"a:b\" \":\"}} {{index (split \"a:b\" \":\") 1}}", "[a b] b"),
        ("{{truncate .Id 3}} {{truncate .Id 9}}", "abc abc123"),
        ("[{{pad .Id 1 2}}] [{{pad \"\" 1 2}}]", "[ abc123  ] []"),
        ("{{println .Id 1}}", "abc123 1\n"),
        ("{{print .Id 1 2 \"x\"}}", "abc1231 2x"),
        ("{{len .Id}} {{len .Mounts}} {{len .Config.Entrypoint}}", "6 2 0"),
        ("{{slice .Id 1 3}} {{slice .Config.Cmd 1}}", "bc [-c true]"),
        ("{{index .Config.Labels \"com.example.role\"}}", "db"),
        ("[{{index .Config.Labels \"missing\"}}]", "[]"),
        ("{{(index .NetworkSettings.Networks \"bridge\").IPAddress}}", "10.0.0.2"),
        ("{{index .Mounts 1 \"Source\"}}", "/b"),
    ]);
}

#[test]
fn printf_verbs() {
    check(&[
        ("{{printf \"%s|%10s|%-5s|%.2s\" .Id \"r\" \"l\" \"cut\"}}", "abc123|         r|l    |cu"),
        (
            "{{printf \"%d %5d %05d %+d %x %X %o %b %c %U\" 1 2 -3 4 255 255 8 5 97 97}}",
            "1     2 -0003 +4 ff FF 10 101 a U+0061",
        ),
        ("{{printf \"%v %v %t %q %%\" .Config.Cmd 1 true \"a\\\"b\"}}", "[sh -c true] 1 true \"a\\\"b\" %"),
        ("{{printf \"%.2f %e %8.1f\" 1.234 1234.5 2.25}}", "1.23 1.234500e+03      2.2"),
        ("{{printf \"%*d\" 4 7}}", "   7"),
        (
            "{{printf \"%d\" \"x\"}} {{printf \"%s\"}} {{printf \"x\" 1}}",
            "%!d(string=x) %!s(MISSING) x%!(EXTRA int=1)",
        ),
    ]);
}

#[test]
fn errors_are_gos() {
    for (template, want) in [
        ("{{.Nope}}", "template: :1:2: executing \"\" at <.Nope>: map has no entry for key \"Nope\""),
        (
            "{{.State.Nope}}",
            "template: :1:2: executing \"\" at <.State.Nope>: map has no entry for key \"Nope\"",
        ),
        ("a\n {{.Nope}}", "template: :2:3: executing \"\" at <.Nope>: map has no entry for key \"Nope\""),
        (
            "{{.State.Health.Status}}",
            "template: :1:2: executing \"\" at <.State.Health.Status>: nil data; no entry for key \"Status\"",
        ),
        ("{{.Id.X}}", "template: :1:2: executing \"\" at <.Id.X>: can't evaluate field X in type string"),
        ("{{nope .Id}}", "template: :1: function \"nope\" not defined"),
        ("{{.Id", "template: :1: unclosed action"),
        ("{{if .Id}}", "template: :1: unexpected EOF"),
        ("{{end}}", "template: :1: unexpected {{end}}"),
        ("{{else}}", "template: :1: unexpected {{else}}"),
        ("{{if}}x{{end}}", "template: :1: missing value for if"),
        ("{{}}", "template: :1: missing value for command"),
        ("{{$x}}", "template: :1: undefined variable \"$x\""),
        ("{{\"abc}}", "template: :1: unterminated quoted string"),
        ("{{.Id | 1}}", "template: :1: non executable command in pipeline stage 2"),
        (
            "{{.Id | .Name}}",
            "template: :1:8: executing \"\" at <.Name>: Name has arguments but cannot be invoked as function",
        ),
        (
            "{{.State \"x\"}}",
            "template: :1:2: executing \"\" at <.State>: State has arguments but cannot be invoked as function",
        ),
        ("{{1 2}}", "template: :1: can't give argument to non-function 1"),
        ("{{(.Id}}", "template: :1: unclosed left paren"),
        ("{{break}}", "template: :1: {{break}} outside {{range}}"),
        ("{{template \"x\"}}", "template: :1: template is not supported"),
        ("{{/* x }}", "template: :1: unclosed comment"),
        ("{{range .Id}}{{end}}", "template: :1:8: executing \"\" at <.Id>: range can't iterate over abc123"),
        (
            "{{join .Id \",\"}}",
            "template: :1:2: executing \"\" at <join>: error calling join: wrong type for value; expected []string; got string",
        ),
        (
            "{{join .Config.Cmd}}",
            "template: :1:2: executing \"\" at <join>: wrong number of args for join: want 2 got 1",
        ),
        (
            "{{index .Mounts 5}}",
            "template: :1:2: executing \"\" at <index>: error calling index: index out of range: 5",
        ),
        (
            "{{lt 1 \"a\"}}",
            "template: :1:2: executing \"\" at <lt>: error calling lt: incompatible types for comparison",
        ),
    ] {
        let error = render(template).unwrap_err();
        assert_eq!(error, format!("template parsing error: {want}"), "{template}");
    }
    let deep = format!("{{{{{}1{}}}}}", "(".repeat(5000), ")".repeat(5000));
    assert!(render(&deep).unwrap_err().contains("nested too deeply"));
}

#[test]
fn a_template_knows_which_fields_it_uses() {
    for (template, field, want) in [
        ("{{.Size}}", "Size", true),
        ("{{if .X}}{{json .Size}}{{end}}", "Size", true),
        ("{{(len .Size)}}", "Size", true),
        ("{{json .}}", "Size", true),
        ("{{.Id}} Size", "Size", false),
    ] {
        assert_eq!(Template::parse(template).unwrap().uses(field), want, "{template}");
    }
}
