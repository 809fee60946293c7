// Lists the routes of the OpenAPI description, with parameters, bodies, answers and examples.
"use strict";

const root = document.getElementById("docs");

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

// Backticks mark code in the descriptions.
function prose(text, className) {
  const element = make("p", undefined, className);
  text.split("`").forEach((part, place) => element.append(place % 2 ? make("code", part) : part));
  return element;
}

function resolve(description, schema) {
  while (schema && schema.$ref) {
    schema = schema.$ref.replace(/^#\//, "").split("/").reduce((at, name) => at[name], description);
  }
  return schema || {};
}

function sample(description, schema, depth = 0) {
  const found = resolve(description, schema);
  if (found.example !== undefined) return found.example;
  if (Array.isArray(found.examples) && found.examples.length) return found.examples[0];
  if (found.default !== undefined) return found.default;
  if (found.enum) return found.enum[0];
  const choices = found.anyOf || found.oneOf || found.allOf;
  if (choices) return sample(description, choices[0], depth);
  if (found.type === "array") return depth > 4 ? [] : [sample(description, found.items, depth + 1)];
  if (found.type === "object" || found.properties) {
    if (depth > 4) return {};
    return Object.fromEntries(
      Object.entries(found.properties || {}).map(([name, one]) => [name, sample(description, one, depth + 1)]));
  }
  return { string: "text", integer: 0, number: 0.0, boolean: false }[found.type] ?? null;
}

function bodyOf(description, content) {
  const [type, media] = Object.entries(content || {})[0] || [];
  if (!media) return null;
  const examples = Object.values(media.examples || {});
  const value = media.example ?? examples[0]?.value ?? sample(description, media.schema);
  return make("pre", `${type}\n\n${JSON.stringify(value, null, 2)}`);
}

function route(description, verb, path, operation) {
  const details = make("details");
  const summary = make("summary");
  summary.append(make("span", verb.toUpperCase(), "verb"), make("code", path), make("span", operation.summary || "", "mail"));
  const inside = make("div", undefined, "inside");
  if (operation.description) inside.append(prose(operation.description));
  if (operation.parameters?.length) {
    const table = make("table");
    for (const one of operation.parameters) {
      const row = make("tr");
      const kind = resolve(description, one.schema);
      row.append(make("td", one.name), make("td", `${one.in}${one.required ? ", required" : ""}`),
        make("td", kind.type || ""), make("td", one.description || kind.description || ""));
      table.append(row);
    }
    inside.append(make("h3", "Parameters"), table);
  }
  const body = bodyOf(description, operation.requestBody?.content);
  if (body) inside.append(make("h3", "Body"), body);
  for (const [status, answer] of Object.entries(operation.responses || {})) {
    inside.append(make("h3", `${status} ${answer.description || ""}`));
    const shown = bodyOf(description, answer.content);
    if (shown && Number(status) < 300) inside.append(shown);
  }
  details.append(summary, inside);
  return details;
}

fetch(root.dataset.description).then((answer) => answer.json()).then((description) => {
  root.append(prose(description.info.description));
  const groups = new Map();
  for (const [path, verbs] of Object.entries(description.paths)) {
    for (const [verb, operation] of Object.entries(verbs)) {
      const tag = operation.tags?.[0] || "other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(route(description, verb, path, operation));
    }
  }
  for (const [tag, routes] of groups) {
    root.append(make("h2", tag.charAt(0).toUpperCase() + tag.slice(1)), ...routes);
  }
}).catch((error) => root.append(make("p", `The description could not be read: ${error.message}`, "problem")));
