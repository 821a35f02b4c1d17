// The parameters of a notebook as fields of a form, and back. Values travel as text; the platform reads them by the
// types of the parameters cell and says so where one does not fit.

import type { Parameter } from "./types";

export interface Field {
  kind: "choice" | "number" | "text" | "json";
  initial: string;
  choices: string[];
  placeholder: string;
  about: string;
}

const KINDS: Record<string, string> = {
  bool: "true or false",
  dict: "names with values",
  float: "a number",
  int: "a whole number",
  list: "a list",
  str: "text",
};

export function fieldOf(parameter: Parameter): Field {
  const { types, optional, computed } = parameter;
  const only = types.length === 1 ? types[0] : "";
  const initial = computed ? "" : asText(parameter.default, types);
  const placeholder = computed ? "as the notebook computes it" : "";
  const about = (types.map((type) => KINDS[type] ?? type).join(" or ") || "any value") + (optional && types.length ? ", or null" : "");
  const plain = { initial, placeholder, about, choices: [] };
  if (only === "bool") {
    const choices = [...(computed ? [""] : []), "true", "false", ...(optional ? ["null"] : [])];
    return { ...plain, kind: "choice", choices };
  }
  if (only === "int" || only === "float") return { ...plain, kind: "number" };
  return { ...plain, kind: types.includes("list") || types.includes("dict") ? "json" : "text" };
}

/** A value as somebody would type it. */
export function asText(value: unknown, types: string[]): string {
  if (typeof value === "string" && (types.length === 0 || types.includes("str"))) return value;
  return JSON.stringify(value ?? null);
}

/** Those that were changed: what was left alone is not sent, and the notebook's own value counts. */
export function changed(parameters: Parameter[], typed: ReadonlyMap<string, string>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const parameter of parameters) {
    const value = typed.get(parameter.name);
    if (value !== undefined && value !== fieldOf(parameter).initial) result[parameter.name] = value;
  }
  return result;
}
