/** Every page and its address. Each page is a chunk of its own, loaded when it is wanted. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  redirect,
} from "@tanstack/react-router";
import { keepDraftsOf, sessionQuery } from "@/api/session";
import { Layout } from "@/app/Layout";
import { Open } from "@/app/Open";
import { lazyRouteComponent } from "@/app/lazy";
import { BrokenPage } from "@/app/pages/BrokenPage";
import { LoginPage } from "@/app/pages/LoginPage";
import { NotFoundPage } from "@/app/pages/NotFoundPage";
import { makeQueries } from "@/app/queries";
import { inside as ownAddress, texts } from "@/app/search";
import { SignedIn } from "@/app/SignedIn";
import { FILTERS } from "@/features/audit/filters";

export const queries = makeQueries();

const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Layout, notFoundComponent: NotFoundPage });

const next = texts(["next", "error"]);

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: next,
  beforeLoad: async ({ context, search }) => {
    const { person } = await context.queries.query({ ...sessionQuery, staleTime: "static" });
    if (person) redirect({ href: ownAddress(search.next), replace: true, throw: true });
  },
  component: LoginPage,
});

/** The pages for everybody, strangers too. */
const open = createRoute({ getParentRoute: () => root, id: "open", component: Open });
const outside = { getParentRoute: () => open };

const verify = createRoute({
  ...outside,
  path: "/verify",
  component: lazyRouteComponent(() => import("@/app/pages/VerifyPage"), "VerifyPage"),
});

const guides = createRoute({
  ...outside,
  path: "/guides",
  component: lazyRouteComponent(() => import("@/app/pages/GuidesPage"), "GuidesPage"),
});

const guide = createRoute({
  ...outside,
  path: "/guides/$name",
  component: lazyRouteComponent(() => import("@/app/pages/GuidePage"), "GuidePage"),
});

const reference = createRoute({
  ...outside,
  path: "/reference",
  validateSearch: texts(["q"]),
  component: lazyRouteComponent(() => import("@/app/pages/ReferencePage"), "ReferencePage"),
});

/** The pages behind the login: a stranger is led there, and back afterwards. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  beforeLoad: async ({ context, location }) => {
    const { person } = await context.queries.query({ ...sessionQuery, staleTime: "static" });
    const search = location.href === "/" ? {} : { next: location.href };
    if (!person) redirect({ to: "/login", search, replace: true, throw: true });
    else keepDraftsOf(person.email);
  },
  component: SignedIn,
});
const inside = { getParentRoute: () => signedIn };

const start = createRoute({
  ...inside,
  path: "/",
  component: lazyRouteComponent(() => import("@/app/pages/StartPage"), "StartPage"),
});

const experts = createRoute({
  ...inside,
  path: "/experts",
  validateSearch: texts(["q", "domain", "anchor", "organisation", "state"]),
  component: lazyRouteComponent(() => import("@/app/pages/CataloguePage"), "CataloguePage"),
});

const expert = createRoute({
  ...inside,
  path: "/experts/$org/$name",
  component: lazyRouteComponent(() => import("@/app/pages/ExpertPage"), "ExpertPage"),
});

const version = createRoute({
  ...inside,
  path: "/versions/$id",
  component: lazyRouteComponent(() => import("@/app/pages/VersionPage"), "VersionPage"),
});

const upload = createRoute({
  ...inside,
  path: "/upload",
  validateSearch: texts(["expert", "version"]),
  component: lazyRouteComponent(() => import("@/app/pages/UploadPage"), "UploadPage"),
});

const myExperts = createRoute({
  ...inside,
  path: "/my-experts",
  component: lazyRouteComponent(() => import("@/app/pages/MyExpertsPage"), "MyExpertsPage"),
});

const reviews = createRoute({
  ...inside,
  path: "/reviews",
  component: lazyRouteComponent(() => import("@/app/pages/ReviewQueuePage"), "ReviewQueuePage"),
});

const review = createRoute({
  ...inside,
  path: "/reviews/$id",
  component: lazyRouteComponent(() => import("@/app/pages/ReviewPage"), "ReviewPage"),
});

const policies = createRoute({
  ...inside,
  path: "/policies",
  component: lazyRouteComponent(() => import("@/app/pages/PoliciesPage"), "PoliciesPage"),
});

const newPolicy = createRoute({
  ...inside,
  path: "/policies/new",
  validateSearch: texts(["from"]),
  component: lazyRouteComponent(() => import("@/app/pages/NewPolicyPage"), "NewPolicyPage"),
});

const policySet = createRoute({
  ...inside,
  path: "/policies/$number",
  component: lazyRouteComponent(() => import("@/app/pages/PolicySetPage"), "PolicySetPage"),
});

const models = createRoute({
  ...inside,
  path: "/models",
  component: lazyRouteComponent(() => import("@/app/pages/ModelsPage"), "ModelsPage"),
});

const newModel = createRoute({
  ...inside,
  path: "/models/new",
  component: lazyRouteComponent(() => import("@/app/pages/RequestModelPage"), "RequestModelPage"),
});

const model = createRoute({
  ...inside,
  path: "/models/$org/$name",
  component: lazyRouteComponent(() => import("@/app/pages/ModelPage"), "ModelPage"),
});

const composition = createRoute({
  ...inside,
  path: "/compositions/$id",
  component: lazyRouteComponent(() => import("@/app/pages/CompositionPage"), "CompositionPage"),
});

const certificate = createRoute({
  ...inside,
  path: "/withdrawals/$id/certificate",
  component: lazyRouteComponent(() => import("@/app/pages/CertificatePage"), "CertificatePage"),
});

const log = createRoute({
  ...inside,
  path: "/log",
  validateSearch: texts(FILTERS),
  component: lazyRouteComponent(() => import("@/app/pages/LogPage"), "LogPage"),
});

const notices = createRoute({
  ...inside,
  path: "/notices",
  component: lazyRouteComponent(() => import("@/app/pages/NoticesPage"), "NoticesPage"),
});

const account = createRoute({
  ...inside,
  path: "/account",
  component: lazyRouteComponent(() => import("@/app/pages/AccountPage"), "AccountPage"),
});

const administration = createRoute({
  ...inside,
  path: "/administration",
  component: lazyRouteComponent(() => import("@/app/pages/AdministrationPage"), "AdministrationPage"),
});

const join = createRoute({
  getParentRoute: () => root,
  path: "/join",
  component: lazyRouteComponent(() => import("@/app/pages/JoinPage"), "JoinPage"),
});

const pages = [
  start,
  experts,
  expert,
  version,
  upload,
  myExperts,
  reviews,
  review,
  policies,
  newPolicy,
  policySet,
  models,
  newModel,
  model,
  composition,
  certificate,
  log,
  notices,
  account,
  administration,
];

export const router = createRouter({
  routeTree: root.addChildren([login, join, open.addChildren([verify, guides, guide, reference]), signedIn.addChildren(pages)]),
  context: { queries },
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultErrorComponent: BrokenPage,
});

/** Fetches the chunk of the page that is opened first while the session is asked for; the router by itself would wait. */
export function fetchAhead() {
  const { pathname, search } = router.latestLocation;
  const matches: { routeId: keyof typeof router.routesById }[] = router.matchRoutes(pathname, search);
  for (const { routeId } of matches) {
    const { component } = router.routesById[routeId].options;
    // A fault is told when the page itself is wanted.
    if (component && "preload" in component) void component.preload?.()?.catch(() => undefined);
  }
}

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
