//! Turns packs into rules: every name in them must mean something, and every
//! expression must be linear and small.

use std::{collections::BTreeMap, sync::Arc};

use regex::bytes::Regex;
use sha2::{Digest, Sha256};

use super::{
    PackId, PackSource,
    context::Context,
    error::{RuleError, RuleFault},
    expression::{self, Leader},
    pack::{RawCombine, RawContext, RawLevel, RawPack, RawRule, RawTerm, RawTier, line},
    proof,
    rule::{
        Base, Combine, Digits, LevelRule, Method, Pattern, Patterns, Rule, Sight, Term, Wanted,
    },
    survey::Girth,
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
    waiting: Vec<Waiting>,
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
        self.waiting.extend(raw.combines.into_iter().map(|combine| Waiting {
            file: source.name.clone(),
            line: line(&source.text, combine.id.span().start),
            pack: pack.clone(),
            combine,
        }));
        self.files.push(source.name.clone());
        self.packs.push(PackId {
            id: raw.pack.id,
            version: raw.pack.version,
            hash: hash(&source.text),
        });
        Ok(())
    }

    /// Compiles the combinations, once the rules of all packs are known.
    pub(super) fn finish(&mut self) -> Result<(), RuleError> {
        for Waiting { file, line, pack, combine } in std::mem::take(&mut self.waiting) {
            let id = combine.id.get_ref();
            let twice = self.combines.iter().any(|known| *known.id == **id)
                || self.rules.iter().any(|known| *known.id == **id);
            let compiled = if twice { Err(RuleFault::Duplicate) } else { self.combine(&combine) };
            let rule = id.clone();
            let compiled = compiled.map_err(|fault| RuleError::Rule { file, line, rule, fault })?;
            self.combines.push(Combine { pack, line, ..compiled });
        }
        Ok(())
    }

    fn combine(&self, raw: &RawCombine) -> Result<Combine, RuleFault> {
        let clause = |text: &String| text.split('|').map(|text| self.wanted(text)).collect();
        let all: Vec<Vec<_>> = raw.all.iter().map(clause).collect::<Result<_, _>>()?;
        let found = |wanted: &Wanted| matches!(wanted, Wanted::Finding { .. });
        if all.len() < 2 || !all.first().is_some_and(|first| first.iter().all(found)) {
            return Err(RuleFault::Needs("at least two things to combine, a finding first"));
        }
        Ok(Combine {
            id: raw.id.get_ref().as_str().into(),
            title: raw.title.clone(),
            pack: "".into(),
            all,
            within: raw.within,
            level: raw.level.level().ok_or(RuleFault::Needs("a level"))?,
            tests: raw.tests.clone(),
            line: 0,
        })
    }

    fn wanted(&self, text: &str) -> Result<Wanted, RuleFault> {
        if let Some(kind) = text.strip_prefix("gap:") {
            let known = proof::gap(kind).ok_or_else(|| unknown("gap", kind))?;
            return Ok(Wanted::Gap(known.kind.as_str().to_owned()));
        }
        let (rule, level) = text.split_once(':').unwrap_or((text, Level::Low.as_str()));
        if !self.rules.iter().any(|known| *known.id == *rule) {
            return Err(unknown("rule", rule));
        }
        let level = level.parse().map_err(|_| unknown("level", level))?;
        Ok(Wanted::Finding { rule: rule.to_owned(), level })
    }
}

/// A combination that waits for the rules of the packs that come later.
struct Waiting {
    file: String,
    line: usize,
    pack: Arc<str>,
    combine: RawCombine,
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
        exclude: raw
            .exclude
            .iter()
            .map(|pattern| expression::compile(pattern))
            .collect::<Result<_, _>>()?,
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
            let pattern = |raw: &super::pack::RawPattern| {
                let regex = expression::compile(&raw.regex)?;
                Ok(Pattern { regex, leader: Leader::of(&raw.regex), score: raw.score })
            };
            let patterns = raw.patterns.iter().map(pattern).collect::<Result<_, _>>()?;
            let sight = sight(raw, lists)?;
            Ok(Method::Patterns(Patterns { patterns, sight, validator, kind }))
        }
        (None, true, false) => {
            let terms = raw.terms.iter().map(|raw| term(raw, lists)).collect::<Result<_, _>>()?;
            Ok(Method::Terms { terms, kind })
        }
        _ => Err(RuleFault::Needs("only one of engine, patterns and terms")),
    }
}

/// Where the expressions of a rule are tried.
fn sight(raw: &RawRule, lists: &Lists<'_>) -> Result<Sight, RuleFault> {
    if !raw.keywords.is_empty() {
        return Ok(Sight::Words(words(&raw.keywords, lists)?));
    }
    let girths = raw.patterns.iter().map(|raw| expression::girth(&raw.regex));
    let girths: Option<Vec<_>> = girths.collect();
    let widest = girths.and_then(|girths| girths.into_iter().reduce(Girth::or));
    Ok(widest.map_or(Sight::Everywhere, Sight::Digits))
}

fn digits(raw: &RawRule, validator: &'static Validator) -> Result<Digits, RuleFault> {
    if validator.lengths.is_empty() {
        return Err(RuleFault::Needs("a validator that the digit scanner knows"));
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
    Ok(Digits { validator, kinds, base, grouped: raw.grouped })
}

fn term(raw: &RawTerm, lists: &Lists<'_>) -> Result<Term, RuleFault> {
    if raw.words.is_empty() && raw.regex.is_none() && raw.code.is_none() {
        return Err(RuleFault::Needs("words or an expression in each term"));
    }
    Ok(Term {
        words: words(&raw.words, lists)?,
        regex: raw.regex.as_deref().map(expression::compile).transpose()?,
        code: raw.code.as_deref().map(whole).transpose()?,
        score: raw.score,
        max: raw.max.unwrap_or(i32::MAX),
    })
}

/// An expression that must match from the first character to the last.
fn whole(pattern: &str) -> Result<Regex, RuleFault> {
    expression::compile(pattern)?;
    expression::compile(&format!(r"\A(?:{pattern})\z"))
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
