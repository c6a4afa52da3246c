//! Mail that wants to reach out or to run: every way for a page to fetch
//! something from elsewhere, and what is typed into fields to break out.

use data_encoding::BASE64;

use crate::{
    harness::{client::Mail, samples::NUMBER},
    stage::mail,
};

/// A page that asks `base` for something in many ways, each by a name of its
/// own below `/v/`.
pub(crate) fn remote_page(base: &str) -> String {
    REMOTE.replace("BASE", base)
}

/// How many ways there are.
pub(crate) fn ways() -> usize {
    REMOTE.matches("BASE/v/").count()
}

/// A message with that page, which is held.
pub(crate) fn remote_mail(base: &str) -> Mail {
    let page = remote_page(base).replace("<p>", &format!("<p>Fødselsnummer {NUMBER}. "));
    mail(
        "remote",
        "Subject: Nyhetsbrev\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64",
        &lines(&page),
    )
}

/// A message with `payload` in every field, which is held.
pub(crate) fn hostile_mail(id: &str, payload: &str) -> Mail {
    let word = word(payload);
    let file: String = payload.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let header = format!(
        "Subject: {word}\nSender: {word} <kari@cpm.example>\nReply-To: {word} <kari@cpm.example>\n\
         Cc: {word} <ola@partner.example>\nComments: {word}\nX-Mailer: {payload}\n\
         Organization: {word}\nContent-Type: multipart/mixed; boundary=b"
    );
    let text = format!("{payload}\nFødselsnummer {NUMBER}. {payload}\n");
    let page = format!("<p>{payload}</p><p title=\"{payload}\">{NUMBER} fødselsnummer</p>");
    let part = |kind: &str, body: &str| {
        format!(
            "--b\nContent-Type: {kind}\nContent-Description: {word}\n\
             Content-Disposition: attachment; filename*=utf-8''{file}\n\
             Content-Transfer-Encoding: base64\n\n{}\n",
            lines(body)
        )
    };
    let body = format!(
        "--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{}\n{}{}{}--b--",
        lines(&page),
        part("text/plain; charset=utf-8", &text),
        part("text/html; charset=utf-8", &page),
        part(
            "image/svg+xml",
            &format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"><text>{payload}</text></svg>"
            )
        ),
    );
    mail(id, &header, &body)
}

fn word(text: &str) -> String {
    format!("=?utf-8?B?{}?=", BASE64.encode(text.as_bytes()))
}

fn lines(text: &str) -> String {
    let code = BASE64.encode(text.as_bytes());
    let lines = code.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// What is typed into fields.
pub(crate) const PAYLOADS: [&str; 24] = [
    "<script>alert(1)</script>",
    "\"><script>alert(2)</script>",
    "'><img src=x onerror=alert(3)>",
    "<svg onload=alert(4)>",
    "<svg><script href=data:,alert(5) />",
    "\" autofocus onfocus=alert(6) x=\"",
    "' autofocus onfocus=alert(7) x='",
    "</title><script>alert(8)</script>",
    "</textarea><script>alert(9)</script>",
    "</mark><details open ontoggle=alert(10)>",
    "javascript:alert(11)",
    "<a href=javascript:alert(12)>x</a>",
    "<iframe srcdoc=\"<script>parent.alert(13)</script>\"></iframe>",
    "<iframe src=javascript:alert(14)></iframe>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(15)&gt;\">",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(16)>\">",
    "&lt;script&gt;alert(17)&lt;/script&gt;",
    "\\u003cscript\\u003ealert(18)\\u003c/script\\u003e",
    "<!--><img src=x onerror=alert(19)>-->",
    "]]><img src=x onerror=alert(20)>",
    "+ADw-script+AD4-alert(21)+ADw-/script+AD4-",
    "%3Cscript%3Ealert(22)%3C/script%3E",
    "<style>@import'javascript:alert(23)';*{background:url(javascript:alert(23))}</style>",
    "<form action=javascript:alert(24)><button autofocus>x</button></form><meta http-equiv=refresh content=\"0;url=javascript:alert(24)\">",
];

const REMOTE: &str = r##"<!DOCTYPE html><html><head>
<link rel="stylesheet" href="BASE/v/link-stylesheet">
<link rel="preload" as="image" href="BASE/v/link-preload">
<link rel="prefetch" href="BASE/v/link-prefetch">
<link rel="modulepreload" href="BASE/v/link-modulepreload">
<link rel="icon" href="BASE/v/link-icon">
<link rel="manifest" href="BASE/v/link-manifest">
<link rel="dns-prefetch" href="BASE/v/link-dns-prefetch">
<link rel="preconnect" href="BASE/v/link-preconnect">
<meta http-equiv="refresh" content="4;url=BASE/v/meta-refresh">
<style>@import url("BASE/v/css-import");
@font-face { font-family: far; src: url("BASE/v/css-font"); }
.a { background: url("BASE/v/css-background"); } .b { list-style: url("BASE/v/css-list") }
.c { cursor: url("BASE/v/css-cursor"), auto } .d::before { content: url("BASE/v/css-content") }
.e { border-image: url("BASE/v/css-border") 1; border: 1px solid } .f { background: image-set("BASE/v/css-image-set" 1x) }
.g { -webkit-mask: url("BASE/v/css-mask") }</style>
<script src="BASE/v/script"></script>
<base href="BASE/v/base/">
</head><body background="BASE/v/body-background">
<p>Hei</p><p style="font-family: far">tekst</p>
<img src="BASE/v/img" alt=""><img srcset="BASE/v/img-srcset 1x" alt=""><img src="relative" alt="">
<picture><source srcset="BASE/v/picture-source"><img src="data:," alt=""></picture>
<img src="data:," onerror="fetch('BASE/v/onerror')" alt="">
<video src="BASE/v/video" poster="BASE/v/video-poster" autoplay muted></video>
<video autoplay muted><source src="BASE/v/video-source"><track default src="BASE/v/track"></video>
<audio src="BASE/v/audio" autoplay preload="auto"></audio>
<iframe src="BASE/v/iframe"></iframe><iframe srcdoc="<img src='BASE/v/iframe-srcdoc'>"></iframe>
<object data="BASE/v/object"></object><embed src="BASE/v/embed">
<svg width="9" height="9"><image href="BASE/v/svg-image" width="9" height="9"/><use href="BASE/v/svg-use#x"/>
<filter id="f"><feImage href="BASE/v/svg-fe-image"/></filter><rect width="9" height="9" filter="url(#f)"/></svg>
<table background="BASE/v/table-background"><tr><td background="BASE/v/td-background">x</td></tr></table>
<form action="BASE/v/form"><input type="image" src="BASE/v/input-image" alt="x"><button formaction="BASE/v/formaction">x</button></form>
<a href="BASE/v/a" ping="BASE/v/a-ping">lenke</a>
<ul><li class="b">b</li></ul><div class="a">a</div><div class="c">c</div><div class="d">d</div><div class="e">e</div><div class="f">f</div><div class="g">g</div>
<div style="background-image: url('BASE/v/style-attribute')">i</div>
<script>new Image().src = "BASE/v/script-inline"</script>
</body></html>"##;
