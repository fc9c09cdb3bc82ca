/** Builds the pages into dist/: hashed files under /assets, one chunk a page, nothing from another host. */
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const SERVICE = process.env["GUILDHALL_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // registry/api/pages.py puts a fresh nonce in its place with every page.
  html: { cspNonce: "GUILDHALL_NONCE" },
  // The manifest says which chunks a page loads: tests/browser/test_bundle.py weighs them.
  build: { target: "es2023", assetsInlineLimit: 0, chunkSizeWarningLimit: 700, manifest: true },
  server: { proxy: { "/api": SERVICE, "/log/": SERVICE } },
  test: { environment: "jsdom", setupFiles: ["./src/testing/setup.ts"], restoreMocks: true, isolate: false },
});
