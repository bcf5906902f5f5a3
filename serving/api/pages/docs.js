// Draws openapi.json: what each address takes and answers, and a form to try it. Nothing is
// loaded from anywhere else, and nothing that is typed here is kept.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const byId = (id) => document.getElementById(id);
let description = {};

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function resolved(schema) {
  return schema && schema.$ref ? description.components.schemas[schema.$ref.split("/").pop()] : schema || {};
}

function kindOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const choices = schema.anyOf || schema.oneOf;
  if (choices) return choices.map(kindOf).filter(Boolean).join(" or ");
  if (schema.type === "array") return `list of ${kindOf(schema.items)}`;
  if (schema.enum) return schema.enum.map((x) => JSON.stringify(x)).join(", ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  return [].concat(schema.type || "any").join(" or ") + (schema.format ? ` (${schema.format})` : "");
}

// Names of the schemas that a schema leads to in one step.
function refsOf(schema) {
  if (!schema || typeof schema !== "object") return [];
  if (schema.$ref) return [schema.$ref.split("/").pop()];
  return [...(schema.anyOf || []), ...(schema.oneOf || []), schema.items].flatMap(refsOf);
}

const BOUNDS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
  "minItems", "maxItems", "pattern"];

function bounds(schema) {
  const found = BOUNDS.filter((name) => schema[name] !== undefined).map((name) => `${name} ${schema[name]}`);
  if (schema.default !== undefined) found.push(`default ${JSON.stringify(schema.default)}`);
  return found.length ? ` · ${found.join(", ")}` : "";
}

function fields(schema, within = []) {
  const list = make("ul", { class: "fields" });
  const required = new Set(schema.required || []);
  for (const [name, property] of Object.entries(schema.properties || {})) {
    const words = property.description ? ` – ${property.description}` : "";
    const kind = `${kindOf(property)}${required.has(name) ? ", required" : ""}${bounds(property)}${words}`;
    const item = make("li", {}, make("code", {}, name), " ", make("span", { class: "kind" }, kind));
    for (const inner of new Set(refsOf(property))) {
      if (!within.includes(inner)) item.append(schemaBox(inner, [...within, inner]));
    }
    list.append(item);
  }
  for (const inner of new Set(refsOf({ anyOf: [...(schema.anyOf || []), ...(schema.oneOf || [])] }))) {
    if (!within.includes(inner)) list.append(make("li", {}, schemaBox(inner, [...within, inner])));
  }
  return list;
}

function schemaBox(name, within) {
  const box = make("details", {}, make("summary", {}, make("code", {}, name)));
  box.addEventListener("toggle", () => {
    if (box.childElementCount > 1) return;
    const schema = description.components.schemas[name] || {};
    if (schema.description) box.append(make("p", {}, schema.description));
    box.append(fields(schema, within));
  });
  return box;
}

function parametersOf(operation, path) {
  return (operation.parameters || []).concat(path.parameters || []);
}

function parameterTable(parameters) {
  const rows = parameters.map((p) => make("tr", {},
    make("td", {}, make("code", {}, p.name)), make("td", {}, p.in),
    make("td", {}, `${kindOf(p.schema)}${bounds(p.schema || {})}`), make("td", {}, p.description || "")));
  const head = ["Parameter", "In", "Kind", "What"].map((x) => make("th", { scope: "col" }, x));
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

function answersOf(operation) {
  const list = make("ul", { class: "fields" });
  for (const [status, answer] of Object.entries(operation.responses || {})) {
    const item = make("li", {}, make("code", {}, status), ` ${answer.description || ""}`);
    for (const content of Object.values(answer.content || {})) {
      for (const name of new Set(refsOf(content.schema))) item.append(schemaBox(name, [name]));
    }
    list.append(item);
  }
  return list;
}

function tryIt(method, path, parameters, content) {
  const form = make("form");
  const inputs = parameters.map((p) => {
    const input = make("input", { name: p.name });
    form.append(make("p", {}, make("label", {}, `${p.name} (${p.in}) `, input)));
    return [p, input];
  });
  const kinds = Object.keys(content);
  const kind = make("select", { "aria-label": "Content type" }, ...kinds.map((x) => make("option", {}, x)));
  const body = make("textarea", { "aria-label": "Body", spellcheck: "false" });
  if (kinds.length) {
    const examples = Object.entries(content[kinds[0]].examples || {});
    for (const [name, example] of examples) {
      const button = make("button", { type: "button" }, name);
      button.addEventListener("click", () => { body.value = JSON.stringify(example.value, null, 2); });
      form.append(button, " ");
    }
    if (examples.length) body.value = JSON.stringify(examples[0][1].value, null, 2);
    const file = make("input", { type: "file", "aria-label": "Body from a file" });
    file.addEventListener("change", async () => { if (file.files.length) body.value = await file.files[0].text(); });
    form.append(make("p", {}, kind, " ", file), body);
  }
  const answer = make("pre", { "aria-live": "polite", hidden: "" });
  form.append(make("p", {}, make("button", { type: "submit" }, "Send")), answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const headers = {};
    const query = new URLSearchParams();
    let address = path;
    for (const [p, input] of inputs) {
      if (p.in === "path") address = address.replace(`{${p.name}}`, encodeURIComponent(input.value));
      else if (!input.value) continue;
      else if (p.in === "query") query.set(p.name, input.value);
      else headers[p.name] = input.value;
    }
    if (byId("key").value) headers.Authorization = `Bearer ${byId("key").value}`;
    if (kinds.length) headers["Content-Type"] = kind.value;
    answer.hidden = false;
    answer.textContent = "…";
    try {
      const url = query.size ? `${address}?${query}` : address;
      const response = await fetch(url, { method: method.toUpperCase(), headers, body: kinds.length ? body.value : undefined });
      const text = await response.text();
      let shown = text.slice(0, 200000);
      if ((response.headers.get("content-type") || "").includes("json") && !text.includes("}\n{")) {
        try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
      }
      answer.textContent = `${response.status} ${response.statusText}\n\n${shown}`;
    } catch (error) {
      answer.textContent = `nothing came back: ${error.message}`;
    }
  });
  return make("details", {}, make("summary", {}, "Try it"), form);
}

function operationBox(method, path, operation, item) {
  const box = make("details", { id: `${method}${path}` }, make("summary", {},
    make("span", { class: "method" }, method.toUpperCase()), make("code", {}, path), ` ${operation.summary || ""}`));
  if (operation.description) box.append(make("p", {}, operation.description));
  const parameters = parametersOf(operation, item);
  if (parameters.length) box.append(parameterTable(parameters));
  const content = (operation.requestBody || {}).content || {};
  if (Object.keys(content).length) {
    box.append(make("h3", {}, "Body"), make("p", {}, `${operation.requestBody.description || ""} (${Object.keys(content).join(", ")})`));
    for (const name of new Set(Object.values(content).flatMap((x) => refsOf(x.schema)))) box.append(schemaBox(name, [name]));
  }
  box.append(make("h3", {}, "Answers"), answersOf(operation), tryIt(method, path, parameters, content));
  return box;
}

async function draw() {
  description = await (await fetch("openapi.json")).json();
  byId("about").textContent = description.info.description;
  const groups = new Map();
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of METHODS.filter((x) => item[x])) {
      const tag = (item[method].tags || ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operationBox(method, path, item[method], item));
    }
  }
  for (const [tag, boxes] of groups) byId("operations").append(make("section", {}, make("h2", {}, tag), ...boxes));
  const wanted = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
  if (wanted) { wanted.open = true; wanted.scrollIntoView(); }
}

draw().catch((error) => { byId("about").textContent = `openapi.json could not be read: ${error.message}`; });
