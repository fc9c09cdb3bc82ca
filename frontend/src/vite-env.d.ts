/// <reference types="vite/client" />

// Browsers know it, React's types do not.
declare module "react" {
  interface InputHTMLAttributes<T> {
    webkitdirectory?: T extends HTMLInputElement ? string : never;
  }
}
export {};
