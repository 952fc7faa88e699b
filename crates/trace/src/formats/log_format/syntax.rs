//! The language of nginx's `log_format`: text with `$variables`, perhaps as a whole directive.

use crate::text::quote;

/// What is wrong with a layout, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct LogFormatError {
    /// What, with its place in the text.
    pub(super) reason: String,
}

/// How a server wrote the bytes of a value that would end it or its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Escaping {
    /// `\xHH`
    #[default]
    Default,
    /// As in JSON.
    Json,
    /// As they are.
    None,
}

/// A piece of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(Vec<u8>),
    /// A variable's name without `$`, in lower case, and where it stands in the text.
    Variable(String, usize),
}

/// A layout as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) escaping: Escaping,
    pub(super) pieces: Vec<Piece>,
}

/// Says where something stands in a text.
pub(super) fn at(text: &str, place: usize, reason: &str) -> LogFormatError {
    let before = text.get(..place).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    let rest = text.get(place..).unwrap_or_default();
    let here = match rest {
        "" => "at its end".to_owned(),
        rest => format!("at {}", quote(rest.as_bytes())),
    };
    let place = if text.contains('\n') {
        format!("line {line}, column {column}")
    } else {
        format!("column {column}")
    };
    LogFormatError {
        reason: format!("{place}, {here}: {reason}"),
    }
}

/// Reads a layout: the text alone, or with `escape=…` in front, or nginx's directive with its
/// quoted parts.
pub(super) fn read(text: &str) -> Result<Written, LogFormatError> {
    let begin = text.len() - text.trim_start().len();
    let body = text.trim();
    let quotes = |text: &str| text.starts_with(['\'', '"']);
    let (escaping, characters) = if let Some(rest) = body.strip_prefix("log_format")
        && rest.starts_with(char::is_whitespace)
    {
        directive(text, begin + body.len() - rest.len(), true)?
    } else if body.starts_with("escape=") {
        let word = body.find(char::is_whitespace).unwrap_or(body.len());
        let rest = body.get(word..).unwrap_or_default().trim_start();
        if quotes(rest) {
            directive(text, begin, false)?
        } else {
            let escaping = escaping(text, begin, body.get(..word).unwrap_or_default())?;
            (escaping, plain(rest, begin + body.len() - rest.len()))
        }
    } else if body.starts_with('\'') {
        directive(text, begin, false)?
    } else {
        (Escaping::Default, plain(body, begin))
    };
    Ok(Written {
        escaping,
        pieces: pieces(text, &characters)?,
    })
}

/// A character and where it stands in the text.
type Placed = (char, usize);

fn plain(text: &str, begin: usize) -> Vec<Placed> {
    let places = text.char_indices();
    places.map(|(place, c)| (c, begin + place)).collect()
}

fn escaping(text: &str, place: usize, word: &str) -> Result<Escaping, LogFormatError> {
    match word.strip_prefix("escape=") {
        Some("default") => Ok(Escaping::Default),
        Some("json") => Ok(Escaping::Json),
        Some("none") => Ok(Escaping::None),
        _ => Err(at(
            text,
            place,
            "`escape` is one of `default`, `json`, `none`",
        )),
    }
}

/// The parts of a directive, one behind the other: words of nginx's configuration. With
/// `is_named`, the first one is the format's name.
fn directive(
    text: &str,
    begin: usize,
    is_named: bool,
) -> Result<(Escaping, Vec<Placed>), LogFormatError> {
    let mut words = Words { text, place: begin };
    if is_named && words.next()?.is_none() {
        return Err(at(text, text.len(), "the name of the format is missing"));
    }
    let mut how = Escaping::default();
    let mut all = Vec::new();
    let mut is_first = true;
    while let Some((word, place, is_quoted)) = words.next()? {
        let letters: String = word.iter().map(|(c, _)| *c).collect();
        if is_first && !is_quoted && letters.starts_with("escape=") {
            how = escaping(text, place, &letters)?;
        } else {
            all.extend(word);
        }
        is_first = false;
    }
    Ok((how, all))
}

/// Words of nginx's configuration, up to a semicolon.
struct Words<'t> {
    text: &'t str,
    place: usize,
}

impl Words<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.place..)?.chars().next()
    }

    fn take(&mut self) -> Option<Placed> {
        let (c, place) = (self.peek()?, self.place);
        self.place += c.len_utf8();
        Some((c, place))
    }

    /// A word, where it begins, and whether it stood in quotes.
    fn next(&mut self) -> Result<Option<(Vec<Placed>, usize, bool)>, LogFormatError> {
        loop {
            match self.peek() {
                Some('#') => while self.take().is_some_and(|(c, _)| c != '\n') {},
                Some(c) if c.is_whitespace() => {
                    self.take();
                }
                _ => break,
            }
        }
        let begin = self.place;
        let quote = match self.peek() {
            None => return Ok(None),
            Some(';') => {
                self.take();
                let rest = self.text.get(self.place..).unwrap_or_default();
                if rest.trim().is_empty() {
                    return Ok(None);
                }
                let place = self.text.len() - rest.trim_start().len();
                return Err(at(self.text, place, "more than one directive"));
            }
            Some(quote @ ('\'' | '"')) => {
                self.take();
                Some(quote)
            }
            Some(_) => None,
        };
        let mut word = Vec::new();
        loop {
            let ends = |c: char| quote.is_none() && (c.is_whitespace() || c == ';');
            match self.peek() {
                None if quote.is_some() => {
                    return Err(at(self.text, begin, "this quote is not closed"));
                }
                None => break,
                Some(c) if ends(c) => break,
                Some(c) if Some(c) == quote => {
                    self.take();
                    break;
                }
                Some('\\') => word.extend(self.escaped()),
                Some(_) => word.extend(self.take()),
            }
        }
        Ok(Some((word, begin, quote.is_some())))
    }

    /// What stands for one character, or a backslash that is one.
    fn escaped(&mut self) -> Option<Placed> {
        let (slash, place) = self.take()?;
        let c = match self.peek() {
            Some(c @ ('"' | '\'' | '\\')) => c,
            Some('t') => '\t',
            Some('r') => '\r',
            Some('n') => '\n',
            _ => return Some((slash, place)),
        };
        self.take();
        Some((c, place))
    }
}

/// Text and variables in turn.
fn pieces(text: &str, characters: &[Placed]) -> Result<Vec<Piece>, LogFormatError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = characters;
    while let Some(((c, place), behind)) = rest.split_first() {
        rest = behind;
        if *c != '$' {
            literal.push(*c);
            continue;
        }
        let is_braced = matches!(rest.first(), Some(('{', _)));
        rest = rest.get(usize::from(is_braced)..).unwrap_or_default();
        let is_name = |(c, _): &&Placed| c.is_ascii_alphanumeric() || *c == '_';
        let length = rest.iter().take_while(is_name).count();
        let (name, behind) = rest.split_at(length);
        rest = behind;
        if is_braced {
            match rest.split_first() {
                Some((('}', _), behind)) => rest = behind,
                _ => return Err(at(text, *place, "`${` without `}` behind the name")),
            }
        }
        if name.is_empty() {
            return Err(at(
                text,
                *place,
                "`$` begins the name of a variable, as in `$request`",
            ));
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal).into_bytes()));
        }
        let name = name.iter().map(|(c, _)| c.to_ascii_lowercase());
        pieces.push(Piece::Variable(name.collect(), *place));
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal.into_bytes()));
    }
    Ok(pieces)
}
