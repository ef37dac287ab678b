package io.onnxfleet.gateway.aggregate;

import io.onnxfleet.gateway.fleet.ModelReference;

/** A call that the gateway answers for the fleet instead of passing it to one replica. */
public sealed interface FleetQuestion {

  /** {@code GET /v2}. */
  record ServerMetadata() implements FleetQuestion {}

  /** {@code GET /v2/health/live}. */
  record Live() implements FleetQuestion {}

  /** {@code GET /v2/health/ready}. */
  record Ready() implements FleetQuestion {}

  /** {@code GET /v1/models}. */
  record Models() implements FleetQuestion {}

  /** {@code POST /v2/repository/index}. */
  record RepositoryIndex() implements FleetQuestion {}

  /** {@code GET /v2/models/stats}. */
  record AllStatistics() implements FleetQuestion {}

  /** {@code GET /v2/models/{m}[/versions/{v}]/stats}. */
  record ModelStatistics(ModelReference model) implements FleetQuestion {}

  /** {@code POST /v2/repository/models/{m}/load}. */
  record Load(String model) implements FleetQuestion {}

  /** {@code GET /v2/fleet/families}. */
  record Families() implements FleetQuestion {}

  /** {@code GET /v2/fleet/rollouts}. */
  record Rollouts() implements FleetQuestion {}

  /** {@code PUT /v2/fleet/rollouts/{m}}. */
  record PutRollout(String model) implements FleetQuestion {}

  /** {@code DELETE /v2/fleet/rollouts/{m}}. */
  record DeleteRollout(String model) implements FleetQuestion {}

  /** {@code POST /v2/repository/models/{m}/unload}. */
  record Unload(String model) implements FleetQuestion {}
}
