//! Rust source as tokens and as the paths it uses. Knows only as much of the
//! language as that takes.

/// One file below `src`.
pub(crate) struct Source {
    /// Its path below `src`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its tokens, without comments and literals.
    pub(crate) tokens: Vec<Token>,
    /// The paths it names, `use` trees flattened.
    pub(crate) uses: Vec<Use>,
}

/// A word, `::`, `->` or a single sign.
pub(crate) struct Token {
    /// The token itself.
    pub(crate) text: String,
    /// Its line, from 1.
    pub(crate) line: usize,
    /// Whether it stands in a module under `#[cfg(test)]`.
    pub(crate) test: bool,
}

/// A path of at least two names.
pub(crate) struct Use {
    /// The names.
    pub(crate) path: Vec<String>,
    /// The line of the first.
    pub(crate) line: usize,
}

impl Source {
    /// Reads `text` as the file `path`.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let mut tokens = tokens(text);
        mark_tests(&mut tokens);
        let uses = uses(&tokens);
        Self { path: path.to_owned(), text: text.to_owned(), tokens, uses }
    }

    /// The top folder; none for `lib.rs` and `main.rs`.
    pub(crate) fn module(&self) -> Option<&str> {
        self.path.split_once('/').map(|(folder, _)| folder)
    }

    /// The top module of this crate that `used` leads to, if it does.
    pub(crate) fn top_module<'a>(&self, used: &'a Use) -> Option<&'a str> {
        let first = used.path.first()?.as_str();
        if first == "crate" || first == "sluse" {
            return used.path.get(1).map(String::as_str);
        }
        let ups = used.path.iter().take_while(|name| *name == "super").count();
        // Inside an inline module it takes one more to reach the top; a name
        // on the way there is no module of the table.
        (ups > 0 && ups >= self.depth()).then(|| used.path.get(ups).map(String::as_str))?
    }

    /// How many modules deep the file is.
    fn depth(&self) -> usize {
        let names = self.path.split('/').count();
        if self.path.ends_with("mod.rs") { names - 1 } else { names }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let letters: Vec<char> = text.chars().collect();
    let (mut tokens, mut at, mut line) = (Vec::new(), 0, 1);
    while let Some(c) = letters.get(at) {
        let rest = &letters[at..];
        let length = blank(rest).unwrap_or_else(|| {
            let length = word(rest);
            let text: String = rest[..length].iter().collect();
            tokens.push(Token { text, line, test: false });
            length
        });
        debug_assert!(length > 0, "{c}");
        line += rest[..length].iter().filter(|c| **c == '\n').count();
        at += length;
    }
    tokens
}

/// The length of white space, a comment or a literal that starts here.
fn blank(rest: &[char]) -> Option<usize> {
    let until = |from: usize, end: &[char]| {
        let found = rest.get(from..)?.windows(end.len()).position(|window| window == end)?;
        Some(from + found + end.len())
    };
    match rest {
        [c, ..] if c.is_whitespace() => Some(1),
        ['/', '/', ..] => Some(until(2, &['\n']).unwrap_or(rest.len())),
        ['/', '*', ..] => Some(until(2, &['*', '/']).unwrap_or(rest.len())),
        ['"', ..] => Some(quoted(rest)),
        ['b' | 'c', '"', ..] => Some(1 + quoted(&rest[1..])),
        ['r', '"' | '#', ..] => raw(rest, 1),
        ['b' | 'c', 'r', '"' | '#', ..] => raw(rest, 2),
        ['\'', '\\', ..] => Some(until(3, &['\'']).unwrap_or(rest.len())),
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while let Some(c) = rest.get(at) {
        match c {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// A raw string; `prefix` letters stand before its signs. `r#name` is none.
fn raw(rest: &[char], prefix: usize) -> Option<usize> {
    let hashes = rest[prefix..].iter().take_while(|c| **c == '#').count();
    if rest.get(prefix + hashes) != Some(&'"') {
        return None;
    }
    let start = prefix + hashes + 1;
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', hashes));
    let found = rest[start..].windows(end.len()).position(|window| window == end);
    Some(found.map_or(rest.len(), |at| start + at + end.len()))
}

fn word(rest: &[char]) -> usize {
    let letters = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
    match rest {
        _ if letters > 0 => letters,
        [':', ':', ..] | ['-', '>', ..] => 2,
        _ => 1,
    }
}

/// Marks what stands between the braces of a module under `#[cfg(test)]`.
fn mark_tests(tokens: &mut [Token]) {
    let head = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let starts: Vec<usize> = tokens
        .windows(head.len())
        .enumerate()
        .filter(|(_, window)| window.iter().map(|token| token.text.as_str()).eq(head))
        .map(|(at, _)| at)
        .collect();
    for start in starts {
        let mut depth = 0_usize;
        for token in tokens.iter_mut().skip(start) {
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            token.test = true;
            if depth == 0 && (token.text == "}" || token.text == ";") {
                break;
            }
        }
    }
}

fn uses(tokens: &[Token]) -> Vec<Use> {
    let mut uses = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let joined = tokens.get(at + 1).is_some_and(|next| next.text == "::");
        if token.text == "use" {
            at = tree(tokens, at + 1, &[], &mut uses);
        } else if joined && is_name(&token.text) {
            at = tree(tokens, at, &[], &mut uses);
        } else {
            at += 1;
        }
    }
    uses
}

/// Flattens the tree that starts at `at`, under `stem`; tells where it ends.
fn tree(tokens: &[Token], mut at: usize, stem: &[String], uses: &mut Vec<Use>) -> usize {
    let mut path = stem.to_vec();
    let line = tokens.get(at).map_or(0, |token| token.line);
    loop {
        match tokens.get(at).map(|token| token.text.as_str()) {
            Some("::") => at += 1,
            Some("{") => return branches(tokens, at + 1, &path, uses),
            Some(name) if is_name(name) || name == "*" => {
                path.push(name.to_owned());
                at += 1;
                if tokens.get(at).is_none_or(|next| next.text != "::") {
                    break;
                }
            }
            _ => break,
        }
    }
    if path.len() > 1 {
        uses.push(Use { path, line });
    }
    at
}

fn branches(tokens: &[Token], mut at: usize, stem: &[String], uses: &mut Vec<Use>) -> usize {
    loop {
        match tokens.get(at).map(|token| token.text.as_str()) {
            None => return at,
            Some("}") => return at + 1,
            Some(",") => at += 1,
            // The new name after `as` is no path.
            Some("as") => at += 2,
            Some(_) => at = tree(tokens, at, stem, uses).max(at + 1),
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}
