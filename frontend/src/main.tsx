/** Starts the pages. */
import "@/app/mantine.css";
import "@/app/app.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { fetchAhead } from "@/app/router";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
fetchAhead();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
