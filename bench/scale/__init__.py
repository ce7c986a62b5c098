"""The stacks and the load on somebody's Kubernetes cluster: replicas are the arms."""
