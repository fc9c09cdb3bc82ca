/** Everything the pages stand on: theme, queries, router. */
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { styleNonce } from "@/app/nonce";
import { queries, router } from "@/app/router";
import { theme, variables } from "@/app/theme";

// For the style element that keeps the page still behind an open dialog.
setNonce(styleNonce());

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto" getStyleNonce={styleNonce}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
