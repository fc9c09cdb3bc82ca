/** What jsdom lacks and the component library asks for. */
import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(cleanup);
afterEach(() => sessionStorage.clear());

window.matchMedia = (query) => Object.assign(new EventTarget(), { matches: false, media: query }) as MediaQueryList;

window.ResizeObserver = class {
  observe() {
    // nothing is ever laid out here
  }
  unobserve() {
    // nothing is ever laid out here
  }
  disconnect() {
    // nothing is ever laid out here
  }
};

// Text fields that grow ask whether fonts have come; here there are none to come.
Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true });
