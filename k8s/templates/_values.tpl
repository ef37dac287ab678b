{{/* What values.yaml changes in the objects, beside the components that it chooses. Takes root, objects. */}}
{{- define "fleet.values" -}}
  {{- $root := .root -}}
  {{- $objects := .objects -}}
  {{- $values := .root.Values -}}

  {{- /* Workloads. */ -}}
  {{- with get $objects "StatefulSet/discovery" -}}
    {{- include "fleet.workload" (dict "root" $root "workload" . "values" $values.discovery
      "image" $values.discovery.image "resources" $values.discovery.resources) -}}
  {{- end -}}
  {{- $gateway := get $objects "Deployment/gateway-service" -}}
  {{- include "fleet.workload" (dict "root" $root "workload" $gateway "values" $values.gateway
    "image" $values.gateway.image "resources" $values.gateway.resources) -}}
  {{- $inference := get $objects "Deployment/inference-service" -}}
  {{- $gpu := $values.inference.gpu -}}
  {{- if $gpu.enabled -}}
    {{- $device := dict $gpu.resource $gpu.count -}}
    {{- $resources := dict "requests" (merge (deepCopy $device) $gpu.resources.requests) "limits" (merge (deepCopy $device) $gpu.resources.limits) -}}
    {{- include "fleet.workload" (dict "root" $root "workload" $inference "values" $values.inference
      "image" $gpu.image "resources" $resources) -}}
  {{- else -}}
    {{- include "fleet.workload" (dict "root" $root "workload" $inference "values" $values.inference
      "image" $values.inference.image "resources" $values.inference.resources) -}}
  {{- end -}}
  {{- $_ := set (get $objects "Service/gateway").spec "type" $values.gateway.serviceType -}}
  {{- if eq $values.gateway.serviceType "ClusterIP" -}}
    {{- $_ := unset (get $objects "Service/gateway").spec "type" -}}
  {{- end -}}

  {{- /* Jobs. */ -}}
  {{- with get $objects "StatefulSet/job-service" -}}
    {{- $jobs := $values.jobs -}}
    {{- include "fleet.workload" (dict "root" $root "workload" . "values" $jobs
      "image" $jobs.image "resources" $jobs.resources) -}}
    {{- $_ := set .spec "replicas" $jobs.replicas -}}
    {{- range $variable := (first .spec.template.spec.containers).env -}}
      {{- if hasPrefix "SPRING_DATASOURCE_" $variable.name -}}
        {{- with $variable.valueFrom -}}
          {{- $_ := set .secretKeyRef "name" $jobs.postgresql.existingSecret -}}
        {{- end -}}
      {{- end -}}
      {{- if hasPrefix "FLEET_JOBS_S3_" $variable.name -}}
        {{- with $variable.valueFrom -}}
          {{- $_ := set .secretKeyRef "name" $jobs.s3.existingSecret -}}
        {{- end -}}
      {{- end -}}
    {{- end -}}
    {{- with get $objects "PersistentVolumeClaim/jobs" -}}
      {{- $_ := set .spec "accessModes" (list $jobs.claim.accessMode) -}}
    {{- end -}}
    {{- include "fleet.claim" (dict "objects" $objects "pod" .spec.template.spec "volume" "jobs"
      "claim" (merge (dict "enabled" (not $jobs.s3.enabled)) $jobs.claim)) -}}
  {{- end -}}

  {{- /* Models. */ -}}
  {{- $pod := $inference.spec.template.spec -}}
  {{- range $init := $pod.initContainers -}}
    {{- if eq $init.name "models" -}}
      {{- include "fleet.image" (dict "root" $root "container" $init "image" $values.models.image) -}}
    {{- end -}}
  {{- end -}}
  {{- include "fleet.claim" (dict "objects" $objects "pod" $pod "volume" "models" "claim" $values.models.claim) -}}
  {{- include "fleet.claim" (dict "objects" $objects "pod" $pod "volume" "graph-cache" "claim" $values.graphCache.claim) -}}
  {{- $variables := dict -}}
  {{- range $index, $source := $values.models.sources -}}
    {{- range $key, $value := $source -}}
      {{- $_ := set $variables (printf "FLEET_INFERENCE_SOURCES_%d_%s" $index (upper $key)) $value -}}
    {{- end -}}
  {{- end -}}
  {{- include "fleet.environment" (dict "container" (first $pod.containers) "settings" $variables) -}}

  {{- /* Autoscaling. */ -}}
  {{- $scaler := get $objects "HorizontalPodAutoscaler/gateway-service" -}}
  {{- $_ := set $scaler.spec "minReplicas" $values.gateway.autoscaling.minReplicas -}}
  {{- $_ := set $scaler.spec "maxReplicas" $values.gateway.autoscaling.maxReplicas -}}
  {{- $_ := set (first $scaler.spec.metrics).resource.target "averageUtilization" $values.gateway.autoscaling.cpu -}}
  {{- with get $objects "HorizontalPodAutoscaler/inference-service" -}}
    {{- $_ := set .spec "minReplicas" $values.autoscaling.minReplicas -}}
    {{- $_ := set .spec "maxReplicas" $values.autoscaling.maxReplicas -}}
    {{- range $metric := .spec.metrics -}}
      {{- if eq $metric.type "Resource" -}}
        {{- $_ := set $metric.resource.target "averageValue" $values.autoscaling.cpu -}}
      {{- else if eq $metric.pods.metric.name "fleet_inference_busy_share" -}}
        {{- $_ := set $metric.pods.target "averageValue" $values.autoscaling.busyShare -}}
      {{- else if eq $metric.pods.metric.name "fleet_inference_queue_seconds" -}}
        {{- $_ := set $metric.pods.target "averageValue" $values.autoscaling.queueSeconds -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
  {{- with get $objects "ScaledObject/inference-service" -}}
    {{- $_ := set .spec "minReplicaCount" $values.autoscaling.keda.minReplicas -}}
    {{- $_ := set .spec "maxReplicaCount" $values.autoscaling.keda.maxReplicas -}}
    {{- $_ := set .spec "cooldownPeriod" $values.autoscaling.keda.cooldownSeconds -}}
    {{- range $trigger := .spec.triggers -}}
      {{- $_ := set $trigger.metadata "serverAddress" $values.autoscaling.keda.prometheus -}}
      {{- $own := printf `namespace="%s"` $root.Release.Namespace -}}
      {{- $_ := set $trigger.metadata "query" (regexReplaceAllLiteral `namespace="[^"]*"` $trigger.metadata.query $own) -}}
    {{- end -}}
  {{- end -}}
  {{- if eq $values.autoscaling.by "none" -}}
    {{- $_ := set $inference.spec "replicas" $values.inference.replicas -}}
  {{- end -}}

  {{- /* Monitoring. */ -}}
  {{- range $name, $object := $objects -}}
    {{- if hasPrefix "monitoring.coreos.com/" $object.apiVersion -}}
      {{- if $values.monitoring.labels -}}
        {{- include "kustomize.merge" (dict "to" $object.metadata "from" (dict "labels" $values.monitoring.labels)) -}}
      {{- end -}}
    {{- end -}}
    {{- if eq $object.kind "NetworkPolicy" -}}
      {{- range $rule := $object.spec.ingress -}}
        {{- range $peer := $rule.from -}}
          {{- if $peer.namespaceSelector -}}
            {{- $labels := $peer.namespaceSelector.matchLabels -}}
            {{- if eq (get $labels "kubernetes.io/metadata.name") "monitoring" -}}
              {{- $_ := set $labels "kubernetes.io/metadata.name" $values.monitoring.namespace -}}
            {{- end -}}
          {{- end -}}
        {{- end -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}

  {{- /* The way in. */ -}}
  {{- with get $objects "Ingress/gateway" -}}
    {{- $_ := set (first .spec.rules) "host" $values.ingress.host -}}
    {{- if $values.ingress.className -}}
      {{- $_ := set .spec "ingressClassName" $values.ingress.className -}}
    {{- end -}}
    {{- if $values.ingress.existingSecret -}}
      {{- $_ := set .spec "tls" (list (dict "hosts" (list $values.ingress.host) "secretName" $values.ingress.existingSecret)) -}}
    {{- end -}}
  {{- end -}}
  {{- with get $objects "HTTPRoute/gateway" -}}
    {{- $_ := set .spec "hostnames" (list $values.httpRoute.host) -}}
    {{- $_ := set .spec "parentRefs" (list (dict "name" $values.httpRoute.gateway.name "namespace" $values.httpRoute.gateway.namespace)) -}}
  {{- end -}}
{{- end -}}

{{/* A volume that a component took a claim for. Takes objects, pod, volume, claim. */}}
{{- define "fleet.claim" -}}
  {{- $claim := .claim -}}
  {{- if $claim.enabled -}}
    {{- range $volume := .pod.volumes -}}
      {{- if eq $volume.name $.volume -}}
        {{- $_ := set $volume.persistentVolumeClaim "claimName" $claim.name -}}
      {{- end -}}
    {{- end -}}
    {{- $name := printf "PersistentVolumeClaim/%s" .volume -}}
    {{- $object := get .objects $name -}}
    {{- $_ := set $object.metadata "name" $claim.name -}}
    {{- $_ := set $object.spec.resources.requests "storage" $claim.size -}}
    {{- if $claim.storageClass -}}
      {{- $_ := set $object.spec "storageClassName" $claim.storageClass -}}
    {{- end -}}
    {{- if not $claim.create -}}
      {{- $_ := unset .objects $name -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{/* Takes root, workload, values, image, resources. */}}
{{- define "fleet.workload" -}}
  {{- $pod := .workload.spec.template.spec -}}
  {{- $values := .values -}}
  {{- $container := first $pod.containers -}}
  {{- include "fleet.image" (dict "root" .root "container" $container "image" .image) -}}
  {{- $_ := set $container "resources" .resources -}}
  {{- range $variable := $container.env -}}
    {{- if eq $variable.name "FLEET_SECRET" -}}
      {{- $_ := set $variable.valueFrom.secretKeyRef "name" $.root.Values.security.existingSecret -}}
    {{- end -}}
  {{- end -}}
  {{- include "fleet.environment" (dict "container" $container "settings" $values.settings) -}}
  {{- if $values.existingSecret -}}
    {{- $from := dict "secretRef" (dict "name" $values.existingSecret) -}}
    {{- $_ := set $container "envFrom" (append ($container.envFrom | default list) $from) -}}
  {{- end -}}
  {{- with .root.Values.image.pullSecrets -}}
    {{- $names := list -}}
    {{- range $name := . -}}
      {{- $names = append $names (dict "name" $name) -}}
    {{- end -}}
    {{- $_ := set $pod "imagePullSecrets" $names -}}
  {{- end -}}
  {{- with $values.nodeSelector -}}
    {{- $_ := set $pod "nodeSelector" . -}}
  {{- end -}}
  {{- with $values.tolerations -}}
    {{- $_ := set $pod "tolerations" (concat ($pod.tolerations | default list) .) -}}
  {{- end -}}
{{- end -}}

{{/* Takes root, container, image. */}}
{{- define "fleet.image" -}}
  {{- $values := .root.Values.image -}}
  {{- $name := printf "%s:%s" .image ($values.tag | default .root.Chart.AppVersion) -}}
  {{- if $values.registry -}}
    {{- $name = printf "%s/%s" (trimSuffix "/" $values.registry) $name -}}
  {{- end -}}
  {{- $_ := set .container "image" $name -}}
  {{- if $values.pullPolicy -}}
    {{- $_ := set .container "imagePullPolicy" $values.pullPolicy -}}
  {{- end -}}
{{- end -}}

{{/* Variables, in the place of those of the same name. Takes container, settings. */}}
{{- define "fleet.environment" -}}
  {{- $variables := list -}}
  {{- range $name, $value := .settings -}}
    {{- $variables = append $variables (dict "name" $name "value" (toString $value) "valueFrom" nil) -}}
  {{- end -}}
  {{- if $variables -}}
    {{- include "kustomize.merge" (dict "to" .container "from" (dict "env" $variables)) -}}
  {{- end -}}
{{- end -}}
