/** The ways through the house, those that the signed-in person has a use for. */
import { Link } from "@tanstack/react-router";
import { hasRole } from "@/api/session";
import type { Person } from "@/api/types";
import classes from "@/app/Layout.module.css";

export function Ways({ person }: { person: Person }) {
  const seesModels = hasRole(person, "consumer") || hasRole(person, "auditor") || hasRole(person, "operator");
  const readsPolicies = hasRole(person, "compliance") || hasRole(person, "auditor") || hasRole(person, "operator");
  return (
    <>
      <Link to="/experts" className={classes["way"]}>
        Experts
      </Link>
      {hasRole(person, "owner") && (
        <Link to="/upload" className={classes["way"]}>
          Upload
        </Link>
      )}
      {hasRole(person, "owner") && (
        <Link to="/my-experts" className={classes["way"]}>
          My experts
        </Link>
      )}
      {hasRole(person, "compliance") && (
        <Link to="/reviews" className={classes["way"]}>
          Reviews
        </Link>
      )}
      {readsPolicies && (
        <Link to="/policies" className={classes["way"]}>
          Policies
        </Link>
      )}
      {seesModels && (
        <Link to="/models" className={classes["way"]}>
          Models
        </Link>
      )}
      {(hasRole(person, "consumer") || hasRole(person, "owner")) && (
        <Link to="/notices" className={classes["way"]}>
          Notices
        </Link>
      )}
      {hasRole(person, "operator") && (
        <Link to="/administration" className={classes["way"]}>
          Administration
        </Link>
      )}
      <Link to="/log" className={classes["way"]}>
        Log
      </Link>
    </>
  );
}
