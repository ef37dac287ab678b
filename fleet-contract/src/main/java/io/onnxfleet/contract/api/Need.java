package io.onnxfleet.contract.api;

/** What the caller of a path must be allowed to, where callers show credentials. */
public enum Need {
  /** Nothing: everybody may ask. */
  NOTHING,
  /** Any scope; of models, those that the credentials are for. */
  ANY_SCOPE,
  /** To run models. */
  INFER,
  /** To have work done later; of files, batches and jobs, one's own. Administrators see all. */
  JOBS,
  /** To load, unload and roll out. */
  ADMIN,
  /** To be a process of the fleet. */
  FLEET
}
