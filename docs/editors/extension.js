// Starts `eligibility lsp` and lets the editor talk to it. All that is said of a rule is said by the server.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const settings = workspace.getConfiguration("eligibility");
  const vocabulary = settings.get("vocabulary");
  const server = { command: settings.get("command"), args: ["lsp"] };
  client = new LanguageClient("eligibility", "Eligibility criteria", server, {
    documentSelector: [{ language: "elig" }],
    initializationOptions: vocabulary ? { vocabulary } : {},
    synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.toml") },
  });
  return client.start();
};

exports.deactivate = () => client && client.stop();
