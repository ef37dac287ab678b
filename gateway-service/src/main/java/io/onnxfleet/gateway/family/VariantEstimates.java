package io.onnxfleet.gateway.family;

import io.onnxfleet.gateway.admission.AdmissionEstimate;
import io.onnxfleet.gateway.admission.ModelAdmission;
import io.onnxfleet.gateway.balancing.ReplicaEstimate;
import io.onnxfleet.gateway.balancing.ReplicaLoadBalancer;
import io.onnxfleet.gateway.fleet.ModelVariant;
import io.onnxfleet.gateway.load.ReplicaLoads;

/**
 * How long a variant would take to answer now, as far as this gateway can tell: by the latencies of
 * the last seconds over the requests under way, and by what its replicas have to do. Stateless.
 */
public final class VariantEstimates {

  private final ModelAdmission admission;
  private final ReplicaLoadBalancer balancer;
  private final ReplicaLoads loads;

  VariantEstimates(ModelAdmission admission, ReplicaLoadBalancer balancer, ReplicaLoads loads) {
    this.admission = admission;
    this.balancer = balancer;
    this.loads = loads;
  }

  /** What this request would meet. */
  public VariantEstimate of(ModelVariant variant, ModelAdmission.Application application) {
    return of(variant, admission.estimate(variant.model(), application));
  }

  /** What a request of nobody in particular would meet. */
  VariantEstimate of(ModelVariant variant) {
    return of(variant, admission.estimate(variant.model()));
  }

  /** What a request takes where it is alone: as it was seen, or else as it is stated. */
  double costNanos(ModelVariant variant) {
    double seen = loads.of(variant.model()).perPlaceNanos();
    return seen > 0 ? seen : (double) variant.costNanos();
  }

  private VariantEstimate of(ModelVariant variant, AdmissionEstimate place) {
    ReplicaEstimate there = balancer.estimate(variant.reference());
    if (there == null || place.isRefused()) {
      return new VariantEstimate(variant, false, place.nanos(), place.ahead());
    }
    long seen = Math.max(place.nanos(), there.nanos());
    long nanos = seen > 0 ? seen : variant.costNanos() * (there.ahead() + 1);
    return new VariantEstimate(variant, true, nanos, Math.max(place.ahead(), there.ahead()));
  }
}
