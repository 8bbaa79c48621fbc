"""The routes of activation."""

from services.activation.web import (
    access,
    activations,
    consultants,
    disconnection,
    history,
    licences,
    restoration,
    users,
)

ROUTERS = (
    activations.router,
    access.router,
    users.router,
    users.invitations,
    licences.router,
    consultants.router,
    consultants.handovers,
    disconnection.router,
    history.router,
    restoration.router,
)
