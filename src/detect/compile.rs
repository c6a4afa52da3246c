//! Turns packs into rules: every name in them must mean something, and every
//! expression must be linear and small.

use std::{collections::BTreeMap, sync::Arc};

use regex::bytes::{Regex, RegexBuilder};
use sha2::{Digest, Sha256};

use super::{
    PackId, PackSource,
    context::Context,
    error::{RuleError, RuleFault},
    pack::{RawCombine, RawContext, RawLevel, RawPack, RawRule, RawTerm, RawTier, line},
    rule::{Base, Combine, Digits, LevelRule, Method, Rule, Term, Wanted},
    validators::Validator,
    words::{Vocabulary, WordId, WordSet},
};
use crate::{
    base::toml_text::{self, TomlError},
    model::Level,
};

/// Everything in the packs, before the words are built.
#[derive(Default)]
pub(super) struct Compiled {
    pub(super) packs: Vec<PackId>,
    /// The file of each pack, for errors.
    pub(super) files: Vec<String>,
    pub(super) rules: Vec<Rule>,
    pub(super) combines: Vec<Combine>,
    pub(super) vocabulary: Vocabulary,
}

impl Compiled {
    /// Takes one pack in.
    pub(super) fn add(&mut self, source: &PackSource) -> Result<(), RuleError> {
        let raw = parse(source)?;
        let mut lists = BTreeMap::new();
        for (name, words) in &raw.words {
            let ids = words.iter().map(|word| {
                self.vocabulary.add(word).ok_or_else(|| {
                    let what = format!("word list {name}: {word:?} has nothing to compare");
                    fault(source, &format!("words.{name}"), what)
                })
            });
            lists.insert(name.as_str(), ids.collect::<Result<Vec<_>, _>>()?);
        }
        let pack: Arc<str> = raw.pack.id.as_str().into();
        for rule in &raw.rules {
            let id = rule.id.get_ref();
            let at = line(&source.text, rule.id.span().start);
            let twice = self.rules.iter().any(|known| *known.id == **id);
            let compiled = if twice { Err(RuleFault::Duplicate) } else { compile(rule, &lists) };
            let fault = |fault| RuleError::Rule {
                file: source.name.clone(),
                line: at,
                rule: id.clone(),
                fault,
            };
            let compiled = compiled.map_err(fault)?;
            self.rules.push(Rule { pack: pack.clone(), line: at, ..compiled });
        }
        for combine in &raw.combines {
            let compiled = self.combine(combine, &pack).map_err(|fault| RuleError::Rule {
                file: source.name.clone(),
                line: line(&source.text, combine.id.span().start),
                rule: combine.id.get_ref().clone(),
                fault,
            })?;
            self.combines.push(compiled);
        }
        self.files.push(source.name.clone());
        self.packs.push(PackId {
            id: raw.pack.id,
            version: raw.pack.version,
            hash: hash(&source.text),
        });
        Ok(())
    }

    /// Rules of packs that come later are unknown here on purpose: a
    /// combination that waits for a rule nobody loads would never be seen.
    fn combine(&self, raw: &RawCombine, pack: &Arc<str>) -> Result<Combine, RuleFault> {
        let wanted = |text: &str| {
            let (rule, level) = text.split_once(':').unwrap_or((text, Level::Low.as_str()));
            if !self.rules.iter().any(|known| *known.id == *rule) {
                return Err(unknown("rule", rule));
            }
            let level = level.parse().map_err(|_| unknown("level", level))?;
            Ok(Wanted { rule: rule.to_owned(), level })
        };
        let clause = |text: &String| text.split('|').map(wanted).collect::<Result<Vec<_>, _>>();
        if raw.all.len() < 2 {
            return Err(RuleFault::Needs("at least two findings to combine"));
        }
        Ok(Combine {
            id: raw.id.get_ref().as_str().into(),
            title: raw.title.clone(),
            pack: pack.clone(),
            all: raw.all.iter().map(clause).collect::<Result<_, _>>()?,
            within: raw.within,
            level: raw.level.level().ok_or(RuleFault::Needs("a level"))?,
        })
    }
}

fn parse(source: &PackSource) -> Result<RawPack, RuleError> {
    let raw: RawPack = toml_text::parse(&source.name, &source.text)?;
    if raw.schema != 1 {
        let what = format!("schema {} is not known, only 1 is", raw.schema);
        let error = TomlError::at(&source.name, &source.text, "schema", what);
        return Err(error.with_hint("write schema = 1, or use a newer sluse").into());
    }
    Ok(raw)
}

fn fault(source: &PackSource, path: &str, what: String) -> RuleError {
    RuleError::Form(TomlError::at(&source.name, &source.text, path, what))
}

type Lists<'a> = BTreeMap<&'a str, Vec<WordId>>;

fn compile(raw: &RawRule, lists: &Lists<'_>) -> Result<Rule, RuleFault> {
    let (hits, misses): (Vec<_>, Vec<_>) = raw.tests.iter().partition(|test| test.wants_hit());
    if hits.is_empty() {
        return Err(RuleFault::NoHit);
    }
    if misses.is_empty() {
        return Err(RuleFault::NoMiss);
    }
    if raw.levels.is_empty() {
        return Err(RuleFault::Needs("a level"));
    }
    let level = |rule: &super::pack::RawLevelRule| {
        let level = rule.level.level().ok_or(RuleFault::Needs("a level other than none"))?;
        let bulk = (rule.level == RawLevel::Bulk && rule.min_distinct.is_none()).then_some(BULK);
        let min_distinct = rule.min_distinct.or(bulk);
        Ok(LevelRule { level, min_score: rule.min_score, min_distinct })
    };
    Ok(Rule {
        id: raw.id.get_ref().as_str().into(),
        title: raw.title.clone(),
        category: raw.category.clone(),
        pack: "".into(),
        method: method(raw, lists)?,
        contexts: raw.contexts.iter().map(|raw| context(raw, lists)).collect::<Result<_, _>>()?,
        exclude: raw.exclude.iter().map(|pattern| regex(pattern)).collect::<Result<_, _>>()?,
        levels: raw.levels.iter().map(level).collect::<Result<_, _>>()?,
        tests: raw.tests.clone(),
        line: 0,
    })
}

/// What a rule finds its candidates with: exactly one of three.
fn method(raw: &RawRule, lists: &Lists<'_>) -> Result<Method, RuleFault> {
    let id = raw.id.get_ref();
    let kind: Arc<str> = raw
        .kinds
        .first()
        .map_or_else(|| id.rsplit('.').next().unwrap_or(id).into(), |kind| kind.as_str().into());
    let validator = raw.validator.as_deref().map(validator).transpose()?;
    match (raw.engine.as_deref(), raw.patterns.is_empty(), raw.terms.is_empty()) {
        (None, true, true) => Err(RuleFault::NoMethod),
        (Some("digits"), true, true) => {
            digits(raw, validator.ok_or(RuleFault::Needs("a validator"))?).map(Method::Digits)
        }
        (Some("no_person_number"), true, true) => match validator {
            None => digits(raw, self::validator("no.person_number")?).map(Method::Digits),
            Some(_) => Err(RuleFault::Needs("no validator: the engine has its own")),
        },
        (Some(name), true, true) => Err(unknown("engine", name)),
        (None, false, true) => {
            let pattern = |raw: &super::pack::RawPattern| Ok((regex(&raw.regex)?, raw.score));
            let patterns = raw.patterns.iter().map(pattern).collect::<Result<_, _>>()?;
            Ok(Method::Patterns { patterns, validator, kind })
        }
        (None, true, false) => {
            let terms = raw.terms.iter().map(|raw| term(raw, lists)).collect::<Result<_, _>>()?;
            Ok(Method::Terms { terms, kind })
        }
        _ => Err(RuleFault::Needs("only one of engine, patterns and terms")),
    }
}

fn digits(raw: &RawRule, validator: &'static Validator) -> Result<Digits, RuleFault> {
    if validator.digits.is_none() {
        return Err(RuleFault::Needs("a validator of a fixed number of digits"));
    }
    let kind = |name: &String| {
        let known = validator.kinds.iter().find(|kind| *kind == name).copied();
        known.ok_or_else(|| unknown("kind", name))
    };
    let kinds: Vec<_> = raw.kinds.iter().map(kind).collect::<Result<_, _>>()?;
    let kinds = if kinds.is_empty() { validator.kinds.to_vec() } else { kinds };
    let score = |tier| raw.base.get(&tier).copied();
    let base = Base { a: score(RawTier::A), b: score(RawTier::B), c: score(RawTier::C) };
    if raw.base.is_empty() {
        return Err(RuleFault::Needs("a base score"));
    }
    Ok(Digits { validator, kinds, base })
}

fn term(raw: &RawTerm, lists: &Lists<'_>) -> Result<Term, RuleFault> {
    if raw.words.is_empty() && raw.regex.is_none() {
        return Err(RuleFault::Needs("words or an expression in each term"));
    }
    Ok(Term {
        words: words(&raw.words, lists)?,
        regex: raw.regex.as_deref().map(regex).transpose()?,
        score: raw.score,
        max: raw.max.unwrap_or(i32::MAX),
    })
}

fn context(raw: &RawContext, lists: &Lists<'_>) -> Result<Context, RuleFault> {
    Ok(Context {
        words: words(&raw.words, lists)?,
        before: raw.before.min(REACH),
        after: raw.after.min(REACH),
        add: raw.add,
        nearest: raw.nearest,
    })
}

fn words(names: &[String], lists: &Lists<'_>) -> Result<WordSet, RuleFault> {
    let list = |name: &String| lists.get(name.as_str()).ok_or_else(|| unknown("word list", name));
    let found: Vec<_> = names.iter().map(list).collect::<Result<_, _>>()?;
    Ok(WordSet::of(found.into_iter().flatten().copied()))
}

fn validator(name: &str) -> Result<&'static Validator, RuleFault> {
    Validator::named(name).ok_or_else(|| unknown("validator", name))
}

/// Compiles an expression over bytes: `\b`, `\d` and `\w` are ASCII, since
/// their Unicode forms are a hundred times slower on Norwegian text.
fn regex(pattern: &str) -> Result<Regex, RuleFault> {
    let bad = |reason: String| RuleFault::BadPattern { pattern: pattern.to_owned(), reason };
    if turns_unicode_on(pattern) {
        return Err(bad("the flag u is not allowed".to_owned()));
    }
    let built = RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(2 * REGEX_BYTES)
        .build();
    // The last line says it; those before draw the pattern.
    built.map_err(|error| bad(error.to_string().lines().last().unwrap_or("invalid").to_owned()))
}

/// Whether a flag group such as `(?iu)` switches Unicode classes back on.
fn turns_unicode_on(pattern: &str) -> bool {
    pattern.split("(?").skip(1).any(|rest| {
        let flags = rest.split([')', ':', '-']).next().unwrap_or("");
        flags.bytes().all(|flag| flag.is_ascii_alphabetic()) && flags.contains('u')
    })
}

fn unknown(what: &'static str, name: &str) -> RuleFault {
    RuleFault::Unknown { what, name: name.to_owned() }
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    data_encoding::HEXLOWER.encode(digest.get(..8).unwrap_or_default())
}

/// Persons from which on it is many, when a pack does not say.
const BULK: usize = 5;
/// The furthest that context can reach, in characters.
const REACH: u32 = 500;
/// The size of one compiled expression.
const REGEX_BYTES: usize = 1 << 20;
