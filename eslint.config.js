// The linter for the browser's modules and their tests.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  { ignores: [".venv/", "build/"] },
  {
    files: ["tpexplore/ui/boards/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "func-style": ["error", "declaration", { allowArrowFunctions: true }],
      "no-implicit-coercion": "error",
      "no-shadow": ["error", { builtinGlobals: false, allow: ["data", "picture", "state", "context"] }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "max-lines": ["error", { max: 420, skipBlankLines: true, skipComments: true }],
    },
  },
  { files: ["tests/js/**/*.js"], languageOptions: { globals: globals.node } },
];
