//! The description of the interface (OpenAPI 3.1), made of the table of calls.

use axum::{http::StatusCode, response::Response};
use serde_json::{Map, Value, json};

use super::calls::{self, Call};
use crate::web::routes::{Needs, Way};

/// Answers with the description.
pub(super) async fn description() -> Response {
    super::json(StatusCode::OK, &document())
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for call in calls::table() {
        let path = paths.entry(call.path).or_insert_with(|| json!({}));
        let way = match call.way {
            Way::Sent => "post",
            Way::Shown => "get",
        };
        path[way] = operation(&call);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sluse",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Held messages and the audit log, for programs",
            "license": { "name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(call: &Call) -> Value {
    let answer = match call.gives {
        Some(schema) => json!({ "application/json": { "schema": referred(schema) } }),
        None => json!({ "message/rfc822": {} }),
    };
    let problem = json!({
        "description": "A problem (RFC 9457)",
        "content": { "application/problem+json": { "schema": referred("Problem") } },
    });
    let mut operation = json!({
        "operationId": call.name,
        "summary": call.about,
        "parameters": parameters(call),
        "responses": {
            "200": { "description": "Done", "content": answer },
            "default": problem,
        },
        "security": security(call.needs),
    });
    if let Some(schema) = call.takes {
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": referred(schema) } },
        });
    }
    operation
}

fn security(needs: Needs) -> Value {
    match needs {
        Needs::Anyone => json!([]),
        Needs::May(_) | Needs::SignedIn => json!([{ "token": [] }]),
    }
}

fn parameters(call: &Call) -> Vec<Value> {
    let text = json!({ "type": "string" });
    let in_path = call.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let in_path =
        in_path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": text }));
    let in_query =
        call.query.iter().map(|name| json!({ "name": name, "in": "query", "schema": text }));
    in_path.chain(in_query).collect()
}

fn referred(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let time = json!({ "type": "string", "format": "date-time" });
    let texts = json!({ "type": "array", "items": text });
    let maybe = json!({ "type": ["string", "null"] });
    let number = json!({ "type": "integer" });
    let listed = json!({ "type": ["array", "null"], "items": { "type": "object" } });
    let row = json!({
        "seq": number, "at": time, "event": maybe, "actor": text, "act": text,
        "facts": { "type": "object" }, "mac": text,
    });
    json!({
        "AuditRow": object(row),
        "AuditRows": page("AuditRow", "integer"),
        "Description": { "type": "object" },
        "Held": object(json!({
            "id": text, "event": text, "state": text, "message_id": maybe, "sender": maybe,
            "recipients": texts, "direction": text, "reasons": texts, "routes": texts,
            "rules": texts, "level": maybe, "persons": number, "assigned_to": maybe,
            "held_at": time, "expires_at": time, "size": number,
        })),
        "HeldList": page("Held", "string"),
        "Look": object(json!({
            "held": referred("Held"), "findings": listed, "gaps": listed,
            "comments": { "type": "array", "items": { "type": "object" } },
            "history": { "type": "array", "items": referred("AuditRow") },
        })),
        "Problem": object(json!({
            "type": text, "title": text, "status": number,
        })),
        "Purpose": object(json!({ "purpose": text })),
        "Question": object(json!({ "purpose": text, "text": text })),
        "Refusal": {
            "type": "object",
            "properties": { "purpose": text, "text": text },
            "required": ["purpose"],
        },
        "Remark": object(json!({ "text": text })),
        "Request": object(json!({
            "id": text, "held": text, "what": text, "asked_at": time, "asked_by": text,
            "purpose": text,
        })),
        "RequestList": page("Request", "null"),
        "Release": {
            "type": "object",
            "properties": { "purpose": text, "encrypt": { "type": "boolean", "default": false } },
            "required": ["purpose"],
        },
        "Settled": object(json!({ "id": text, "state": text })),
    })
}

fn page(item: &str, next: &str) -> Value {
    let mut kinds = vec![next, "null"];
    kinds.dedup();
    object(json!({
        "items": { "type": "array", "items": referred(item) },
        "next": { "type": kinds },
    }))
}

/// An object of which every property is there.
fn object(properties: Value) -> Value {
    let names: Vec<&String> =
        properties.as_object().map(|all| all.keys().collect()).unwrap_or_default();
    json!({ "type": "object", "properties": properties, "required": names })
}
