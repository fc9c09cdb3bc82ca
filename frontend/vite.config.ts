/** Builds the pages into dist/: hashed files under /assets, one chunk a page, nothing from another host. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { load } from "js-yaml";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const STYLES = fileURLToPath(new URL("./node_modules/@mantine/core/styles", import.meta.url));
const MANTINE = /\bm_[0-9a-f]{6,8}\b/g; // its class names: a hash for each part of a component
const SERVICE = process.env["GUILDHALL_URL"] ?? "http://127.0.0.1:8000";

/** docs/openapi.yaml becomes an object while the pages are built: browsers read no YAML. */
const openapi: Plugin = {
  name: "openapi",
  enforce: "pre",
  transform: (text, id) =>
    id.endsWith("/openapi.yaml") ? { code: `export default ${JSON.stringify(load(text))}`, map: null } : null,
};

/** Lays each file down packed as well: WhiteNoise sends what the browser understands, and packs nothing itself. */
const packed: Plugin = {
  name: "packed",
  apply: "build",
  writeBundle({ dir = "dist" }) {
    for (const name of readdirSync(join(dir, "assets"))) {
      const file = join(dir, "assets", name);
      writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      writeFileSync(`${file}.br`, brotliCompressSync(readFileSync(file)));
    }
  },
};

/** A component without its rules looks broken and fails no test, so the build fails: src/app/mantine.css names them all. */
const dressed: Plugin = {
  name: "dressed",
  apply: "build",
  generateBundle(_, bundle) {
    const files = Object.values(bundle);
    const parts = (texts: string[]) => new Set(texts.flatMap((text) => text.match(MANTINE) ?? []));
    const used = parts(files.flatMap((file) => (file.type === "chunk" ? [file.code] : [])));
    const sheets = files.flatMap((file) =>
      file.type === "asset" && file.fileName.endsWith(".css") ? [file.source.toString()] : [],
    );
    const there = parts(sheets);
    for (const name of readdirSync(STYLES).filter((file) => /^[A-Za-z]+\.css$/.test(file))) {
      const wanted = parts([readFileSync(join(STYLES, name), "utf8")]);
      if ([...wanted].some((part) => used.has(part) && !there.has(part)))
        this.error(`src/app/mantine.css lacks @mantine/core/styles/${name}`);
    }
  },
};

export default defineConfig({
  plugins: [openapi, react(), dressed, packed],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // registry/api/pages.py puts a fresh nonce in its place with every page.
  html: { cspNonce: "GUILDHALL_NONCE" },
  server: {
    proxy: { "/api": SERVICE, "/log/": SERVICE },
    fs: { allow: [".", fileURLToPath(new URL("../docs", import.meta.url))] },
  },
  // The manifest says which chunks a page loads: tests/browser/test_bundle.py weighs them.
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    manifest: true,
    // What most pages share comes in one piece: over a slow line thirty small ones wait for each other.
    rolldownOptions: { output: { advancedChunks: { groups: [{ name: "common", minShareCount: 8 }] } } },
  },
  test: { environment: "jsdom", setupFiles: ["./src/testing/setup.ts"], restoreMocks: true, isolate: false },
});
