#!/usr/bin/env node
// Starts adapters/cli/main.ts on Node 24 or newer, whatever Node was called: plain ES5, so that any
// Node can read it. The engine's heap is bounded here, because V8 takes its flags at the start of a
// process only.
"use strict";

var path = require("node:path");
var childProcess = require("node:child_process");
var nodeModule = require("node:module");

var MINIMUM = 24;
var MAIN = path.join(__dirname, "cli", "main.ts");
// Young garbage dies in semi-spaces of 16 MiB; 512 MiB of old space hold 10,000 open orders several
// times over, and a heap that may not grow is collected instead.
var HEAP = ["--max-semi-space-size=16", "--max-old-space-size=512"];
// What Node made of the sources is kept for the next start: stripping types takes a third of the
// start, and 20 MB that stay in each thread. Beside the code, because whoever can write there could
// change the code itself.
var CACHE = path.join(__dirname, "..", "node_modules", ".cache", "orderstream");
var QUIET = ["--disable-warning=ExperimentalWarning"];
var FORWARDED = ["SIGTERM", "SIGINT", "SIGHUP"];

var args = process.argv.slice(2);
var isNewEnough = Number(process.versions.node.split(".")[0]) >= MINIMUM;

// Only the engine runs for long: the other commands may use what they need, and start at once.
function wantsHeapFlags() {
  return args[0] === "serve" || args[0] === "start";
}

function hasHeapFlags() {
  var given = process.execArgv.join(" ") + " " + (process.env.NODE_OPTIONS || "");
  return given.indexOf("--max-old-space-size") >= 0 || given.indexOf("--max_old_space_size") >= 0;
}

// npm installs one of the node-<os>-<cpu> packages beside us: the one that fits.
function bundledNode() {
  var isWindows = process.platform === "win32";
  var name = "node-" + (isWindows ? "win" : process.platform) + "-" + process.arch;
  var folder;
  try {
    folder = path.dirname(require.resolve(name + "/package.json"));
    return path.join(folder, "bin", isWindows ? "node.exe" : "node");
  } catch (_error) {
    return undefined;
  }
}

function runAsChild(node, nodeArgs) {
  // The channel tells the engine when this process dies without a word.
  var child = childProcess.spawn(node, nodeArgs, {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  var handlers = {};
  FORWARDED.forEach(function (signal) {
    handlers[signal] = function () {
      child.kill(signal);
    };
    process.on(signal, handlers[signal]);
  });
  child.on("error", function (error) {
    process.stderr.write("orderstream: cannot start " + node + ": " + error.message + "\n");
    process.exit(1);
  });
  child.on("exit", function (code, signal) {
    if (signal === null) process.exit(code);
    if (handlers[signal]) process.removeListener(signal, handlers[signal]);
    process.kill(process.pid, signal);
  });
}

function run(node) {
  var flags = wantsHeapFlags() ? HEAP.concat(QUIET) : QUIET;
  var nodeArgs = flags.concat([MAIN], args);
  if (process.platform !== "win32" && typeof process.execve === "function") {
    // Replaces this process: one process less, and signals need no forwarding.
    process.removeAllListeners("warning");
    process.execve(node, [node].concat(nodeArgs), process.env);
  }
  runAsChild(node, nodeArgs);
}

function keepCompiled() {
  var env = process.env;
  if (env.NODE_COMPILE_CACHE || env.NODE_DISABLE_COMPILE_CACHE) return;
  env.NODE_COMPILE_CACHE = CACHE;
  // The variable is for other processes; this one has begun already.
  if (isNewEnough) nodeModule.enableCompileCache(CACHE);
}

function main() {
  keepCompiled();
  var node = isNewEnough ? process.execPath : bundledNode();
  if (isNewEnough && (!wantsHeapFlags() || hasHeapFlags())) {
    require(MAIN);
  } else if (node === undefined) {
    process.stderr.write(
      "orderstream needs Node " +
        MINIMUM +
        " or newer; this is " +
        process.version +
        " and no bundled Node is installed: run `npm ci` here, or install Node " +
        MINIMUM +
        ".\n",
    );
    process.exit(1);
  } else {
    run(node);
  }
}

main();
