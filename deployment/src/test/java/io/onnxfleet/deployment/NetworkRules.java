package io.onnxfleet.deployment;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who reaches whom by the NetworkPolicies of some manifests, as Kubernetes reads them: a pod that
 * no policy selects is open; a selected one lets in, or out, what any of its policies names.
 */
final class NetworkRules {
  private static final String NAMESPACE_LABEL = "kubernetes.io/metadata.name";

  private final List<Node> policies;

  private NetworkRules(List<Node> policies) {
    this.policies = policies;
  }

  static NetworkRules of(List<Node> documents) {
    return new NetworkRules(documents.stream().filter(Manifests.ofKind("NetworkPolicy")).toList());
  }

  /**
   * One end of a connection.
   *
   * @param workload whose pod it is, or null for a pod that is not the fleet's
   */
  record Pod(String namespace, Map<?, ?> labels, @Nullable Node workload) {
    static Pod of(Node workload) {
      return new Pod(Manifests.NAMESPACE, Manifests.podLabels(workload), workload);
    }

    /** A pod of somebody else's. */
    static Pod outside(String namespace) {
      return new Pod(namespace, Map.of(), null);
    }

    /** A pod of a Prometheus as its operator makes them. */
    static Pod prometheus() {
      return new Pod("monitoring", Map.of(Manifests.NAME, "prometheus"), null);
    }
  }

  /**
   * True if a connection is let out and in.
   *
   * @param port the name of a port of the target's containers
   */
  boolean lets(Pod from, Node target, String port) {
    Pod to = Pod.of(target);
    return passes("Egress", "egress", "to", from, to, target, port)
        && passes("Ingress", "ingress", "from", to, from, target, port);
  }

  private boolean passes(
      String type, String rules, String peers, Pod own, Pod other, Node target, String port) {
    if (own.workload() == null) {
      return true;
    }
    boolean isSelected = false;
    for (Node policy : policies) {
      boolean applies =
          policy.at("metadata/namespace").text().equals(own.namespace())
              && policy.at("spec/policyTypes").elements().contains(new Node(type))
              && Manifests.selects(policy.at("spec/podSelector"), own.labels());
      if (applies) {
        isSelected = true;
        for (Node rule : policy.at("spec/" + rules).elements()) {
          if (namesPeer(rule.at(peers), policy, other) && namesPort(rule, target, port)) {
            return true;
          }
        }
      }
    }
    return !isSelected;
  }

  private static boolean namesPeer(Node peers, Node policy, Pod other) {
    return !peers.isPresent()
        || peers.elements().stream()
            .anyMatch(
                peer -> {
                  Node namespaces = peer.at("namespaceSelector");
                  boolean sameNamespace =
                      namespaces.isPresent()
                          ? Manifests.selects(
                              namespaces, Map.of(NAMESPACE_LABEL, other.namespace()))
                          : policy.at("metadata/namespace").text().equals(other.namespace());
                  return sameNamespace
                      && !peer.at("ipBlock").isPresent()
                      && Manifests.selects(peer.at("podSelector"), other.labels());
                });
  }

  private static boolean namesPort(Node rule, Node target, String port) {
    if (!rule.at("ports").isPresent()) {
      return true;
    }
    Node number = new Node(null);
    for (Node container : target.at("spec/template/spec/containers").elements()) {
      for (Node declared : container.at("ports").elements()) {
        if (declared.at("name").text().equals(port)) {
          number = declared.at("containerPort");
        }
      }
    }
    String known = number.text();
    return rule.at("ports").elements().stream()
        .map(named -> named.at("port").text())
        .anyMatch(named -> named.equals(port) || named.equals(known));
  }
}
