//! What annotations and form fields show on a page.

use super::{
    canvas::{Canvas, Piece},
    document::Held,
    glyphs,
    interpret::{Frame, Interpreter},
    matrix::{self, Matrix},
    object::{Dict, Object, Stream},
};
use crate::extract::walk::Walk;

/// Draws all annotations of a page on `canvas`, in all their appearances.
pub(super) fn draw(
    walk: &mut Walk,
    interpreter: &mut Interpreter<'_, '_>,
    canvas: &mut Canvas,
    page: &Dict,
) {
    let (document, revision) = (interpreter.document, interpreter.revision);
    let annotations = document.get(revision, page, b"Annots");
    for annotation in annotations.array().unwrap_or_default() {
        let annotation = document.resolve(revision, annotation);
        let Some(dict) = annotation.dict() else { continue };
        let before = canvas.pieces.len();
        let rectangle = matrix::rectangle(&document.get(revision, dict, b"Rect"));
        let appearance = document.get(revision, dict, b"AP");
        for (_, state) in appearance.dict().into_iter().flat_map(|dict| &dict.0) {
            let state = document.resolve(revision, state);
            let states: Vec<Held<'_>> = match &*state {
                Object::Dict(states) => {
                    states.0.iter().map(|(_, state)| document.resolve(revision, state)).collect()
                }
                single => vec![Held::Direct(single)],
            };
            for stream in states.iter().filter_map(|state| state.stream()) {
                show(walk, interpreter, canvas, (stream, rectangle));
            }
        }
        // Viewers draw the value of a field without appearance.
        if canvas.pieces.len() == before
            && let Some(rectangle) = rectangle
            && let Some(value) = value(interpreter, dict)
        {
            canvas.pieces.push(in_box(value, rectangle));
        }
    }
}

/// Runs an appearance, fitted into its rectangle (12.5.5).
fn show(
    walk: &mut Walk,
    interpreter: &mut Interpreter<'_, '_>,
    canvas: &mut Canvas,
    (stream, rectangle): (&Stream, Option<[f64; 4]>),
) {
    let (document, revision) = (interpreter.document, interpreter.revision);
    let bounds = matrix::rectangle(&document.get(revision, &stream.dict, b"BBox"));
    let own = Matrix::from_object(&document.get(revision, &stream.dict, b"Matrix"));
    let ctm = match (bounds, rectangle) {
        (Some(bounds), Some(rectangle)) => fit(bounds, own.unwrap_or(Matrix::IDENTITY), rectangle),
        _ => Matrix::IDENTITY,
    };
    let none = Dict::default();
    interpreter.form(walk, canvas, stream, Frame { ctm, resources: &none, depth: 0 });
}

fn fit([left, bottom, right, top]: [f64; 4], own: Matrix, rectangle: [f64; 4]) -> Matrix {
    let corners = [(left, bottom), (left, top), (right, bottom), (right, top)];
    let corners = corners.map(|(x, y)| own.apply(x, y));
    let (x, y) = (corners.map(|(x, _)| x), corners.map(|(_, y)| y));
    let least = |values: [f64; 4]| values.into_iter().fold(f64::INFINITY, f64::min);
    let most = |values: [f64; 4]| values.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let [to_left, to_bottom, to_right, to_top] = rectangle;
    let scale = |from: f64, to: f64| if from.abs() > 1e-6 { to / from } else { 1.0 };
    let across = scale(most(x) - least(x), to_right - to_left);
    let up = scale(most(y) - least(y), to_top - to_bottom);
    Matrix([across, 0.0, 0.0, up, to_left - least(x) * across, to_bottom - least(y) * up])
}

/// The value of a form field, its own or that of the field it is part of.
fn value(interpreter: &Interpreter<'_, '_>, dict: &Dict) -> Option<String> {
    let (document, revision) = (interpreter.document, interpreter.revision);
    let own = document.get(revision, dict, b"V");
    let parent = document.get(revision, dict, b"Parent");
    let theirs: Option<Held<'_>> = parent.dict().map(|dict| document.get(revision, dict, b"V"));
    let bytes = own.string().or_else(|| theirs.as_deref().and_then(Object::string))?;
    Some(glyphs::text_string(bytes).into_owned())
}

fn in_box(text: String, [left, bottom, right, top]: [f64; 4]) -> Piece {
    let size = ((top - bottom) * 0.7).clamp(1.0, 12.0);
    let start = (left + 2.0, bottom + (top - bottom - size) / 2.0 + size * 0.2);
    let width = text.chars().count() as f64 * size * 0.55;
    let end = ((start.0 + width).min(right.max(start.0)), start.1);
    Piece { text, other: None, start, end, direction: (1.0, 0.0), size }
}
